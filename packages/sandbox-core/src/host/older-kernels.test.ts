import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { policyOf, rejectionOf } from "../testing/cells.ts";
import { type Grounds, grounds } from "../testing/granted.ts";
import { copied, type Copy } from "../testing/taken.ts";

// Hosts whose Landlock is older than this machine's: the launcher's answer is replaced in a copy of the built package, and cells are really
// started with the rules of that ABI.

let place: Grounds;

beforeAll(() => {
  place = grounds();
  writeFileSync(join(place.outside, "file"), "content");
  writeFileSync(join(place.granted, "file"), "content");
});
afterAll(() => place[Symbol.dispose]());

async function withLandlock(answer: number): Promise<Copy> {
  return await copied((dist) => {
    const file = join(dist, "kernel/support.js");
    const source = readFileSync(file, "utf8");
    const changed = source.replace(
      "supportOf(found.launcher, stdout)",
      `supportOf(found.launcher, stdout.replace(/landlock=-?\\d+/, "landlock=${answer}"))`,
    );
    if (changed === source) throw new Error("the launcher's answer is read in other words now");
    writeFileSync(file, changed);
  });
}

/** ABI, what is missing by name, and what the records say of files, ports and commands that neither layer grants. */
const ABIS: readonly (readonly [number, readonly string[], readonly string[]])[] = [
  [-95, ["files", "tcp", "scopes"], ["unavailable", "unavailable", "deny"]],
  [1, ["files", "tcp", "scopes"], ["unavailable", "unavailable", "deny"]],
  [2, ["files", "tcp", "scopes"], ["unavailable", "unavailable", "deny"]],
  [3, ["tcp", "scopes"], ["deny", "unavailable", "deny"]],
  [4, ["scopes"], ["deny", "deny", "deny"]],
  [5, ["scopes"], ["deny", "deny", "deny"]],
  [6, [], ["deny", "deny", "deny"]],
];

describe.each(ABIS)("where Landlock answers %i", (abi, missing, decisions) => {
  let copy: Copy;
  beforeAll(async () => {
    copy = await withLandlock(abi);
  });
  afterAll(() => copy[Symbol.dispose]());

  test("what is missing is said once by name, cells run with the rest, and their records say which is which", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on("warning", listen);
    const policy = policyOf([place.rule]);
    const supervisor = new copy.Supervisor({ policy, pool: 0 });
    const second = new copy.Supervisor({ policy, pool: 0 });
    const cell = await supervisor.spawn("older");
    expect(
      await cell.exec(
        `require("fs").readFileSync(${JSON.stringify(join(place.granted, "file"))}, "utf8")`,
      ),
    ).toBe("content");
    for (const program of [
      `require("fs").readFileSync(${JSON.stringify(join(place.outside, "file"))})`,
      `fetch("http://127.0.0.1:9/")`,
      `require("child_process").execFileSync("/bin/true")`,
    ])
      expect(await rejectionOf(cell.exec(program))).toMatchObject({ name: "PolicyError" });
    const said = cell.denialEvents().map(({ kernelDecision }) => kernelDecision);
    await supervisor.close();
    await second.close();
    process.off("warning", listen);
    expect(said).toEqual(decisions);
    expect(warnings).toHaveLength(missing.length === 0 ? 0 : 1);
    const named = [...(warnings[0]?.message ?? "").matchAll(/^ {2}- ([\w ]+): /gm)];
    expect(named.map(([, name]) => name)).toEqual(missing);
  });

  test("a host that must confine does not start where anything is missing", () => {
    const start = (): unknown =>
      new copy.Supervisor({ policy: policyOf([]), pool: 0, kernel: "require" });
    const named = ((): string[] => {
      try {
        start();
        return [];
      } catch (error) {
        return [...(error as Error).message.matchAll(/^ {2}- ([\w ]+): /gm)].map(
          ([, name = ""]) => name,
        );
      }
    })();
    expect(named).toEqual(missing);
  });
});

test("on a machine whose numbers have not been run, cells are not confined, and their records say unavailable", async () => {
  using copy = await copied((dist) => {
    const file = join(dist, "kernel/support.js");
    const source = readFileSync(file, "utf8");
    const changed = source.replace(/TESTED = \["x64"\]/, 'TESTED = ["another"]');
    if (changed === source) throw new Error("the tested machines are named in other words now");
    writeFileSync(file, changed);
  });
  const policy = policyOf([]);
  expect(() => new copy.Supervisor({ policy, kernel: "require" })).toThrow(
    /launcher: no launcher has been run on \w+ yet; on another cells are confined/,
  );
  const supervisor = new copy.Supervisor({ policy, pool: 0 });
  const cell = await supervisor.spawn("elsewhere");
  await rejectionOf(cell.exec(`require("fs").readFileSync("/etc/passwd")`));
  const said = cell.denialEvents().map(({ kernelDecision }) => kernelDecision);
  await supervisor.close();
  expect(said).toEqual(["unavailable"]);
});
