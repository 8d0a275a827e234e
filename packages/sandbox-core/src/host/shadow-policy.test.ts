import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseDenialEvent } from "@pyisolate/policy";
import { PolicyAuthError, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { keepingSink, policyOf, rejectionOf } from "../testing/cells.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pyisolate-shadow-"));
  for (const name of ["a", "b", "c"]) writeFileSync(join(folder, name), name);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const reading = (id: string, effect: "allow" | "deny", ...names: string[]): object => ({
  id,
  effect,
  capability: "filesystem",
  operations: ["read"],
  paths: names.map((name) => join(folder, name)),
});

/** Reads three files, and says of each what came of it; then does what no shadow policy may disturb. */
const GUEST = `
  const fs = require("node:fs");
  const said = [];
  for (const name of ["a", "b", "c"]) {
    try { said.push(fs.readFileSync(FOLDER + "/" + name, "utf8")); }
    catch ({ name, reason, denialId }) { said.push([name, reason, denialId.split("-").at(-1)]); }
  }
  try { Math.random(); said.push("random"); } catch ({ reason }) { said.push(reason); }
  await fetch("http://evil.example/").catch(({ name, reason }) => said.push([name, reason]));
  said`;
const guest = (): string => `const FOLDER = ${JSON.stringify(folder)};${GUEST}`;

const inForce = (): object =>
  policyOf([reading("ab", "allow", "a", "b"), reading("no-b", "deny", "b")]);
const candidate = (): object => ({
  ...policyOf([
    reading("bc", "allow", "b", "c"),
    { id: "rng", effect: "allow", capability: "random" },
  ]),
  name: "candidate",
});

/** What a guest gets while only the policy in force decides. */
const SAID = [
  "a",
  ["PolicyError", "explicit_deny", "1"],
  ["PolicyError", "outside_scope", "2"],
  "no_rule",
  ["PolicyError", "no_rule"],
];

test("a shadow policy's differences are events and totals, and change nothing for the guest", async () => {
  const denials = keepingSink();
  await using supervisor = new Supervisor({
    policy: inForce(),
    shadow: candidate(),
    denials,
    kernel: "off",
    pool: 0,
  });
  await using cell = await supervisor.spawn("tenant-a");
  expect(await cell.exec(guest())).toEqual(SAID);

  const shadowed = denials.events.filter(({ enforced }) => !enforced);
  expect(
    shadowed.map(({ target, brokerDecision, policyRule, reason, seq }) => [
      target.slice(-2),
      brokerDecision,
      policyRule,
      reason,
      seq,
    ]),
  ).toEqual([
    ["/a", "deny", "default", "outside_scope", 1],
    ["/b", "allow", "bc", "explicit_deny", 2],
    ["/c", "allow", "bc", "outside_scope", 3],
    ["", "allow", "rng", "no_rule", 4],
  ]);
  for (const event of shadowed) {
    expect(event).toMatchObject({
      cell: "tenant-a",
      policyName: "candidate",
      policyHash: supervisor.shadow?.hash,
      kernelDecision: "not_evaluated",
    });
    expect(parseDenialEvent(JSON.stringify(event)).toJSON()).toEqual(event.toJSON());
  }
  const totals = { wouldDeny: 1, wouldAllow: 3 };
  expect([cell.shadowTotals, supervisor.shadowTotals]).toEqual([totals, totals]);
  // Denials are counted, kept and numbered as if there were no shadow policy.
  const enforced = denials.events.filter((event) => event.enforced);
  expect(cell.denialEvents()).toEqual(enforced);
  expect(supervisor.denialEvents()).toEqual(enforced);
  expect(enforced.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  expect(cell.stats.denials).toBe(4);
});

test("a cell may have a shadow policy of its own, and one without any decides alone", async () => {
  const denials = keepingSink();
  await using supervisor = new Supervisor({ policy: inForce(), denials, kernel: "off", pool: 0 });
  await using own = await supervisor.spawn("own", { shadow: candidate() });
  await using none = await supervisor.spawn("none");
  expect(await own.exec(guest())).toEqual(SAID);
  expect(await none.exec(guest())).toEqual(SAID);
  expect([own.shadowTotals, none.shadowTotals]).toEqual([
    { wouldDeny: 1, wouldAllow: 3 },
    { wouldDeny: 0, wouldAllow: 0 },
  ]);
});

test("a shadow policy is replaced and put in force with the token alone", async () => {
  const denials = keepingSink();
  await using supervisor = new Supervisor({
    policy: inForce(),
    denials,
    token: "s3cret",
    kernel: "off",
    pool: 0,
  });
  expect(supervisor.shadow).toBeUndefined();
  expect(await rejectionOf(supervisor.promoteShadow("s3cret"))).toMatchObject({
    message: "there is no shadow policy to put in force",
  });
  for (const attempt of [
    supervisor.reloadShadow(candidate(), "wrong"),
    supervisor.promoteShadow("wrong"),
  ]) {
    expect(await rejectionOf(attempt)).toBeInstanceOf(PolicyAuthError);
  }
  expect(denials.events.map(({ policyRule }) => policyRule)).toEqual([
    "control.token",
    "control.token",
  ]);
  await using cell = await supervisor.spawn("tenant-a");
  await supervisor.reloadShadow(candidate(), "s3cret");
  expect(await cell.exec(guest())).toEqual(SAID);
  expect(cell.shadowTotals.wouldAllow).toBe(3);
  await supervisor.promoteShadow("s3cret");
  expect([supervisor.policy.name, supervisor.shadow]).toEqual(["candidate", undefined]);
  expect(await cell.exec(guest())).toEqual([
    ["PolicyError", "outside_scope", "5"],
    "b",
    "c",
    "random",
    ["PolicyError", "no_rule"],
  ]);
  await supervisor.reloadShadow(inForce(), "s3cret");
  await supervisor.reloadShadow(undefined, "s3cret");
  expect(supervisor.shadow).toBeUndefined();
});

test("a shadow policy that is not awaited, or does not load, is refused at once", () => {
  const options = { policy: inForce(), kernel: "off", pool: 0 } as const;
  expect(
    () => new Supervisor({ ...options, shadow: Promise.resolve(candidate()) as never }),
  ).toThrow(/shadow must be a policy.*promise/);
  expect(() => new Supervisor({ ...options, shadow: "version: 2" })).toThrow(/Invalid policy/);
});

test("a cell with a policy of its own has the shadow beside it, bound to the cell's name, and for its tools as well", async () => {
  const denials = keepingSink();
  const lookup = { handler: (id: unknown) => `found ${String(id)}` };
  await using supervisor = new Supervisor({
    policy: inForce(),
    shadow: policyOf([
      {
        id: "own-file",
        effect: "allow",
        capability: "filesystem",
        operations: ["read"],
        paths: [`${folder}/\${cell}`],
      },
      { id: "erase", effect: "allow", capability: "tool", tools: ["erase"] },
    ]),
    tools: { lookup, erase: lookup },
    denials,
    kernel: "off",
    pool: 0,
  });
  const policy = policyOf([
    reading("b", "allow", "b"),
    { id: "crm", effect: "allow", capability: "tool", tools: ["lookup"] },
  ]);
  await using a = await supervisor.spawn("a", { policy });
  await using unfit = await supervisor.spawn("*", { policy });
  const program = `
    const fs = require("node:fs");
    const said = [];
    for (const name of ["a", "b"]) {
      try { said.push(fs.readFileSync(${JSON.stringify(folder)} + "/" + name, "utf8")); } catch ({ reason }) { said.push(reason); }
    }
    said.push(await tools.lookup(7));
    await tools.erase(7).catch(({ reason }) => said.push(reason));
    said`;
  const said = ["outside_scope", "b", "found 7", "outside_scope"];
  expect([await a.exec(program), await unfit.exec(program)]).toEqual([said, said]);

  const shadowed = (cell: string): unknown[] =>
    denials.events
      .filter((event) => !event.enforced && event.cell === cell)
      .map(({ target, brokerDecision }) => [target.replace(`${folder}/`, ""), brokerDecision]);
  expect(shadowed("a")).toEqual([
    ["a", "allow"],
    ["b", "deny"],
    ["lookup", "deny"],
    ["erase", "allow"],
  ]);
  // A name that cannot stand in the shadow's paths spawns all the same, and the shadow grants it none of them.
  expect(shadowed("*")).toEqual([
    ["b", "deny"],
    ["lookup", "deny"],
    ["erase", "allow"],
  ]);
});
