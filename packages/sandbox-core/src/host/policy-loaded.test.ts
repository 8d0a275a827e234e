import { parsePolicy, type Policy } from "@pyisolate/policy";
import { expect, test } from "vitest";

import { Supervisor } from "./supervisor.ts";

test("a sink is told of each policy that decides, and of none that does not", async () => {
  const told: string[] = [];
  const denials = {
    record: () => {},
    policyLoaded: ({ name }: Policy) => {
      told.push(name);
    },
  };
  const first = parsePolicy({ version: 1, name: "first", rules: [] });
  await using supervisor = new Supervisor({ policy: first, denials, token: "s3cret", pool: 0 });
  expect(told).toEqual(["first"]);
  await supervisor.reloadPolicy({ version: 1, name: "second", rules: [] }, "s3cret");
  const third = supervisor.reloadPolicy({ version: 1, name: "third", rules: [] }, "wrong");
  await expect(third).rejects.toMatchObject({ name: "PolicyAuthError" });
  expect(told).toEqual(["first", "second"]);
});
