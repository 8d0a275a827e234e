import { expect, test } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { aDenial } from "../testing/denials.ts";
import { realSdk } from "../testing/sdk-double.ts";

test("what a policy says of its rule is in the record alone, and no series more comes of it", async () => {
  const { meterProvider, loggerProvider, cumulative, records } = realSdk();
  await using denials = createDenialRecorder({ meterProvider, loggerProvider });
  for (const [ruleDescription, ruleOwner] of [
    ["Described one way", "owner-a"],
    ["Described another way", "owner-b"],
    [null, null],
  ])
    denials.record(aDenial({ ruleDescription, ruleOwner }));
  // From a guard that hands on a decision without notes.
  const silent = { ruleDescription: undefined, ruleOwner: undefined };
  denials.record(aDenial({ ...silent, policyRule: "dotenv", reason: "explicit_deny" }));
  await denials.flush();
  expect(
    (await records()).map(({ attributes }) => [
      attributes["security_rule.description"],
      attributes["pyisolate.rule.owner"],
    ]),
  ).toEqual([
    ["Described one way", "owner-a"],
    ["Described another way", "owner-b"],
    [undefined, undefined],
    [undefined, undefined],
  ]);
  const all = await cumulative.all();
  const series = [...all.values()].flatMap((points) => [...points.keys()]);
  expect(series.join("\n")).not.toMatch(/Described|owner-/);
  expect(all.get("pyisolate.denial.events")?.size).toBe(2);
});
