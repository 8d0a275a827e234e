import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { PolicyAuthError, Supervisor, watchPolicy } from "@pyisolate/sandbox-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { keepingSink, until } from "../../testing/cells.ts";

const token = "s3cret";
let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pyisolate-watch-"));
  path = join(folder, "policy.yaml");
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const policy = (name: string): string => `version: 1\nname: ${name}\nrules: []\n`;

/** A supervisor with the policy `first`, its recorder, and the process warnings of policy files. */
function service() {
  const warnings: string[] = [];
  const onWarning = ({ name, message }: Error): void => {
    if (name === "PyIsolateWarning" && message.includes("policy file")) warnings.push(message);
  };
  process.on("warning", onWarning);
  const files: (string | undefined)[] = [];
  const loaded: string[] = [];
  const sink = {
    ...keepingSink(),
    policyFile: (_path: string, failing: { why: string } | undefined) =>
      void files.push(failing?.why),
    policyLoaded: ({ name }: { name: string }) => void loaded.push(name),
  };
  const supervisor = new Supervisor({
    policy: policy("first"),
    denials: sink,
    token,
    kernel: "off",
    pool: 0,
  });
  return {
    supervisor,
    warnings,
    files,
    loaded,
    events: sink.events,
    inForce: async (name: string) =>
      await until(`${name} is in force`, () => supervisor.policy.name === name),
    [Symbol.asyncDispose]: async () => {
      process.off("warning", onWarning);
      await supervisor.close();
    },
  };
}

/** So seldom a poll that no test sees it: a change that is loaded is one that the kernel has told of. */
const TOLD = { token, settleMs: 50, pollMs: 600_000 } as const;

describe("a file that changes is loaded", () => {
  test("at the start, unless its policy is in force already", async () => {
    await using one = service();
    writeFileSync(path, policy("first"));
    await using watch = watchPolicy(path, one.supervisor, TOLD);
    await watch.reload();
    expect(one.loaded).toEqual(["first"]);
    writeFileSync(path, policy("second"));
    await one.inForce("second");
    await using other = service();
    await using _other = watchPolicy(path, other.supervisor, TOLD);
    await other.inForce("second");
  });

  test("when it is written in place, renamed into place, removed and made anew, and replaced with its folder", async () => {
    await using one = service();
    const conf = join(folder, "conf");
    const file = join(conf, "policy.yaml");
    mkdirSync(conf);
    writeFileSync(file, policy("first"));
    await using watch = watchPolicy(file, one.supervisor, TOLD);
    const changes: readonly [string, () => void][] = [
      ["in-place", () => writeFileSync(file, policy("in-place"))],
      [
        "renamed",
        () => {
          writeFileSync(join(conf, ".policy.yaml.swp"), policy("renamed"));
          renameSync(join(conf, ".policy.yaml.swp"), file);
        },
      ],
      [
        "backed-up",
        () => {
          renameSync(file, `${file}~`);
          writeFileSync(file, policy("backed-up"));
        },
      ],
      [
        "anew",
        () => {
          unlinkSync(file);
          writeFileSync(file, policy("anew"));
        },
      ],
      [
        "other-folder",
        () => {
          mkdirSync(join(folder, "conf2"));
          writeFileSync(join(folder, "conf2/policy.yaml"), policy("other-folder"));
          renameSync(conf, join(folder, "conf1"));
          renameSync(join(folder, "conf2"), conf);
        },
      ],
      ["in-other-folder", () => writeFileSync(file, policy("in-other-folder"))],
      [
        "removed-folder",
        () => {
          rmSync(conf, { recursive: true });
          mkdirSync(conf);
          writeFileSync(file, policy("removed-folder"));
        },
      ],
      ["last", () => writeFileSync(file, policy("last"))],
    ];
    for (const [name, change] of changes) {
      change();
      await one.inForce(name);
    }
    // The state follows once the policy decides.
    await watch.reload();
    expect(watch.health).toMatchObject({ state: "current", why: undefined });
    expect([one.warnings, one.files]).toEqual([[], []]);
    expect(one.loaded).toEqual(["first", ...changes.map(([name]) => name)]);
  });

  test("through the links by which Kubernetes mounts it, and through one to a file elsewhere", async () => {
    await using one = service();
    const mount = join(folder, "mount");
    const version = (name: string): void => {
      mkdirSync(join(mount, name), { recursive: true });
      writeFileSync(join(mount, name, "policy.yaml"), policy(name));
      symlinkSync(name, join(mount, "..data_tmp"));
      renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
    };
    mkdirSync(mount);
    version("first");
    symlinkSync("..data/policy.yaml", join(mount, "policy.yaml"));
    symlinkSync(join(mount, "policy.yaml"), path);
    await using _watch = watchPolicy(path, one.supervisor, TOLD);
    for (const name of ["v2", "v3", "v4"]) {
      version(name);
      await one.inForce(name);
    }
    rmSync(join(mount, "v2"), { recursive: true });
    writeFileSync(join(mount, "v4/policy.yaml"), policy("edited"));
    await one.inForce("edited");
    mkdirSync(join(folder, "elsewhere"));
    writeFileSync(join(folder, "elsewhere/p.yaml"), policy("elsewhere"));
    unlinkSync(path);
    symlinkSync("elsewhere/../elsewhere/p.yaml", path);
    await one.inForce("elsewhere");
    writeFileSync(join(folder, "elsewhere/p.yaml"), policy("there"));
    await one.inForce("there");
    expect(one.warnings).toEqual([]);
  });

  test("once, as it is at the end of many edits in quick succession", async () => {
    await using one = service();
    writeFileSync(path, policy("first"));
    await using _watch = watchPolicy(path, one.supervisor, { ...TOLD, settleMs: 400 });
    for (let each = 0; each < 50; each++) {
      writeFileSync(path, policy(`edit-${each}`));
      await delay(5);
    }
    await one.inForce("edit-49");
    expect(one.loaded).toEqual(["first", "edit-49"]);
  });

  test("never half way, while a writer has not written all of it", async () => {
    await using one = service();
    const rules = Array.from(
      { length: 40 },
      (_, each) => `  - { id: r${each}, effect: deny, capability: random }\n`,
    );
    const whole = `${policy("whole").replace(" []", "")}${rules.join("")}`;
    writeFileSync(path, policy("first"));
    await using watch = watchPolicy(path, one.supervisor, { ...TOLD, settleMs: 300 });
    await watch.reload();
    // The file grows by a rule at a time: each beginning of it is a valid policy, with fewer rules.
    writeFileSync(path, "");
    for (const part of whole.split(/(?<=\n)/)) {
      appendFileSync(path, part);
      await delay(20);
    }
    await one.inForce("whole");
    expect(one.supervisor.policy.rules).toHaveLength(40);
    expect(one.loaded).toEqual(["first", "whole"]);
    expect([one.warnings, one.files]).toEqual([[], []]);
  });

  test("by the slow poll, where nothing tells of a change", async () => {
    await using one = service();
    // Nothing tells of this file: it is written before its folder is watched. So it is on NFS, where no event comes.
    const quiet = join(folder, "quiet");
    writeFileSync(quiet, policy("first"));
    await using watch = watchPolicy(quiet, one.supervisor, {
      token,
      settleMs: 20,
      pollMs: 100,
      signal: false,
    });
    await watch.reload();
    const started = performance.now();
    // The file has not changed, so the polls leave a policy in force that reloadPolicy has put there.
    await one.supervisor.reloadPolicy(policy("by-hand"), token);
    await delay(400);
    expect(one.supervisor.policy.name).toBe("by-hand");
    expect((await watch.reload()).state).toBe("current");
    expect(one.supervisor.policy.name).toBe("first");
    expect(performance.now() - started).toBeGreaterThan(300);
  });
});

describe("a file that is broken keeps the policy in force, and is told of", () => {
  test("once, in a warning, in the health and to the sink, with the line; and so is its recovery", async () => {
    await using one = service();
    writeFileSync(path, policy("first"));
    await using watch = watchPolicy(path, one.supervisor, { ...TOLD, pollMs: 100 });
    await watch.reload();
    const before = Date.now();
    writeFileSync(path, `${policy("second")}ruels: []\n`);
    await until("it is told", () => watch.health.state === "outdated");
    await delay(500);
    expect(one.supervisor.policy.name).toBe("first");
    expect(watch.health.why).toMatch(/^it has 1 mistake:\n {2}line 4: .*ruels.*rules/);
    expect(watch.health.since).toBeGreaterThanOrEqual(before);
    expect(one.warnings).toEqual([
      `the policy file ${path} is not in force, first (${one.supervisor.policy.hash}) is: ${watch.health.why}`,
    ]);
    expect(one.files).toEqual([watch.health.why]);
    unlinkSync(path);
    await until("that it is gone is told", () => one.files.length === 2);
    expect(watch.health.why).toContain("it cannot be read: ENOENT");
    writeFileSync(path, policy("second"));
    await one.inForce("second");
    await until("its recovery is told", () => one.warnings.length === 3);
    expect(one.warnings[2]).toMatch(/is in force again: second \([0-9a-f]{16}\)$/);
    expect(watch.health).toMatchObject({ state: "current", why: undefined });
    expect(one.files.at(-1)).toBeUndefined();
  });

  test.each<[string, () => void, RegExp]>([
    ["empty", () => writeFileSync(path, ""), /1 mistake/],
    ["not UTF-8", () => writeFileSync(path, Buffer.from([0x76, 0xff])), /not UTF-8/],
    ["too long", () => writeFileSync(path, "#".repeat(3_000_000)), /mistake/],
    ["a folder", () => mkdirSync(path), /not a regular file/],
    ["a FIFO", () => void execFileSync("mkfifo", [path]), /not a regular file/],
    ["a link to itself", () => symlinkSync(path, path), /ELOOP/],
    ["one with many mistakes", () => writeFileSync(path, manyMistakes()), /and 190 more$/],
  ])("%s", async (_what, make, why) => {
    await using one = service();
    make();
    await using watch = watchPolicy(path, one.supervisor, TOLD);
    expect((await watch.reload()).state).toBe("outdated");
    expect(watch.health.why).toMatch(why);
    expect(one.supervisor.policy.name).toBe("first");
    expect(watch.health.why?.length).toBeLessThan(3000);
  });

  test("for a live cell alone, and is in force when that cell has ended", async () => {
    await using one = service();
    writeFileSync(path, policy("first"));
    await using watch = watchPolicy(path, one.supervisor, { ...TOLD, pollMs: 200 });
    const cell = await one.supervisor.spawn("*");
    writeFileSync(
      path,
      `version: 1\nname: each\nrules:\n  - { id: own, effect: allow, capability: filesystem, paths: ["/srv/\${cell}/**"] }\n`,
    );
    await until("it is told", () => watch.health.state === "outdated");
    expect(watch.health.why).toMatch(/^it cannot be put in force: .*\*/);
    await cell.close();
    await one.inForce("each");
    await until("its recovery is told", () => one.warnings.length === 2);
  });
});

function manyMistakes(): string {
  return `${policy("many").replace(" []", "")}${"  - { effect: allow }\n".repeat(100)}`;
}

describe("what is passed", () => {
  test.each<[unknown, string]>([
    [undefined, "watchPolicy takes an object of options, got undefined"],
    [{}, "token"],
    [{ token: "" }, "token must be the supervisor's token, a string"],
    [{ token, singal: false }, "unknown option singal; did you mean signal?"],
    [{ token, signal: "SIGHUP" }, "signal must be true or false"],
    [{ token, settleMs: -1 }, "settleMs must be a whole number from 0 to 60000, got -1"],
    [{ token, pollMs: 0 }, "pollMs must be a whole number from 100 to 3600000, got 0"],
  ])("%o is refused by name", async (options, message) => {
    await using one = service();
    const listeners = process.listenerCount("SIGHUP");
    expect(() => watchPolicy(path, one.supervisor, options as never)).toThrow(message);
    expect(process.listenerCount("SIGHUP")).toBe(listeners);
  });

  test("a wrong token is a denial, and nothing is watched", async () => {
    await using one = service();
    writeFileSync(path, policy("second"));
    expect(() => watchPolicy(path, one.supervisor, { ...TOLD, token: "wrong" })).toThrow(
      PolicyAuthError,
    );
    expect(one.events).toMatchObject([{ policyRule: "control.token", reason: "auth" }]);
    await delay(300);
    expect(one.supervisor.policy.name).toBe("first");
  });

  test("an empty path and a value that is not a supervisor are refused", async () => {
    await using one = service();
    expect(() => watchPolicy("", one.supervisor, TOLD)).toThrow("path must be a string");
    expect(() => watchPolicy(path, {} as Supervisor, TOLD)).toThrow(
      "supervisor must be a Supervisor of this package, got an object",
    );
  });
});

test("a watch that is closed, or whose supervisor is, loads nothing more and has no listener", async () => {
  await using one = service();
  writeFileSync(path, policy("first"));
  const listeners = process.listenerCount("SIGHUP");
  const watch = watchPolicy(path, one.supervisor, TOLD);
  const other = watchPolicy(path, one.supervisor, TOLD);
  expect(process.listenerCount("SIGHUP")).toBe(listeners + 1);
  writeFileSync(path, "broken");
  await watch.reload();
  await watch.close();
  await watch.close();
  expect(one.files.at(-1)).toBeUndefined();
  await expect(watch.reload()).rejects.toThrow("is not watched any more");
  expect(process.listenerCount("SIGHUP")).toBe(listeners + 1);
  await one.supervisor.close();
  expect(process.listenerCount("SIGHUP")).toBe(listeners);
  await expect(other.reload()).rejects.toThrow("is not watched any more");
  writeFileSync(path, policy("second"));
  await delay(300);
  expect(one.supervisor.policy.name).toBe("first");
});

test("SIGHUP loads the files of all watches at once", async () => {
  await using one = service();
  writeFileSync(path, policy("first"));
  await using watch = watchPolicy(path, one.supervisor, { token, settleMs: 60_000 });
  await using _unsignalled = watchPolicy(path, one.supervisor, {
    token,
    signal: false,
    settleMs: 60_000,
  });
  await watch.reload();
  writeFileSync(path, policy("second"));
  const told = once(process, "SIGHUP");
  process.kill(process.pid, "SIGHUP");
  await told;
  await one.inForce("second");
  writeFileSync(path, "broken");
  process.kill(process.pid, "SIGHUP");
  await until("an answer to the signal", () => one.warnings.length === 1);
  process.kill(process.pid, "SIGHUP");
  await until("the same answer again", () => one.warnings.length === 2);
  expect(one.warnings[0]).toBe(one.warnings[1]);
});
