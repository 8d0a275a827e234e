import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Supervisor } from "@pyisolate/sandbox-core";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";

import { keepingSink, policyOf } from "../testing/cells.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "pyisolate-shadow-")));
for (const name of ["a", "b", "c"]) writeFileSync(join(folder, name), `bytes of ${name}`);
afterAll(() => rmSync(folder, { recursive: true }));

const name = fc.constantFrom("a", "b", "c", "gone");
const operations = fc.subarray(["read", "list", "stat"] as const, { minLength: 1 });
const effect = fc.constantFrom("allow", "allow", "deny");
const rule = fc.oneof(
  fc.record({
    effect,
    capability: fc.constant("filesystem"),
    operations,
    paths: fc.array(
      fc.constantFrom("a", "b", "*", "**").map((each) => `${folder}/${each}`),
      { minLength: 1, maxLength: 2 },
    ),
  }),
  fc.record({ effect, capability: fc.constant("random") }),
  fc.record({
    effect,
    capability: fc.constant("tool"),
    tools: fc.subarray(["echo", "crm.*"], { minLength: 1 }),
  }),
);
const policy = fc.array(rule, { maxLength: 4 }).map((rules) =>
  policyOf(
    rules.map((each, at) => ({ id: `r${at}`, ...each })),
    { calls: 60 },
  ),
);

/** What a guest may do, each an expression. The last is a limit. */
const act = fc.oneof(
  name.map((each) => `fs.readFileSync(${JSON.stringify(`${folder}/${each}`)}, "utf8")`),
  name.map((each) => `fs.statSync(${JSON.stringify(`${folder}/${each}`)}).size`),
  name.map(
    (each) => `await fs.promises.readFile(${JSON.stringify(`${folder}/${each}`)}, "latin1")`,
  ),
  fc.constantFrom(
    `fs.readdirSync(${JSON.stringify(folder)}).join()`,
    `fs.readFileSync("/a\\0b")`,
    `typeof Math.random()`,
    `await tools.echo([1, "x"])`,
    `await tools.crm.find({})`,
    `await fetch("http://10.0.0.1:1/")`,
    `post({ a: 1 })`,
    `Array.from({ length: 30 }, () => { try { fs.readFileSync("/x") } catch (error) { return error.reason } }).join()`,
  ),
);

test("any traffic has the same effects, byte for byte, with a shadow policy and without", async () => {
  const denials = keepingSink();
  await using supervisor = new Supervisor({
    policy: policyOf([]),
    denials,
    kernel: "off",
    pool: 2,
    tools: { echo: (args) => args, "crm.find": () => "found" },
  });
  /** All that a guest, its caller and its operator see of a run, without ids and times. */
  const effectsOf = async (given: object, acts: readonly string[], shadow?: object) => {
    await using cell = await supervisor.spawn("tenant-a", {
      policy: given as never,
      ...(shadow !== undefined && { shadow: shadow as never }),
    });
    const steps = acts.map(
      (each) =>
        `try { seen.push(["value", ${each}]) } catch (error) { seen.push([error.name, error.message, error.code, error.reason, error.denialId?.replace(/^.*-/, "")]) }`,
    );
    const said: unknown = await cell
      .exec(`import fs from "node:fs"; const seen = [];\n${steps.join("\n")}\nexport default seen;`)
      .catch((error: unknown) => String(error));
    const events = cell
      .denialEvents()
      .map((event) => ({ ...event.toJSON(), id: event.id.replace(/^.*-/, ""), time: "" }));
    return { said, events, stats: cell.stats };
  };
  let differed = 0;
  await fc.assert(
    fc.asyncProperty(
      policy,
      policy,
      fc.array(act, { minLength: 1, maxLength: 12 }),
      async (inForce, shadow, acts) => {
        const without = await effectsOf(inForce, acts);
        const before = denials.events.length;
        expect(await effectsOf(inForce, acts, shadow)).toEqual(without);
        differed += denials.events.slice(before).filter(({ enforced }) => !enforced).length;
      },
    ),
    { numRuns: 15, endOnFailure: true },
  );
  // The shadow policies did decide otherwise, or this shows nothing.
  expect(differed).toBeGreaterThan(0);
}, 300_000);
