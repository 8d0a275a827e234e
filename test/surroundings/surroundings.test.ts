import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { CellAccount } from "./account.ts";
import { type Surrounding, Surroundings } from "./surrounding.ts";

// Containers as people run them, made of what a container consists of: no engine takes part. In each a cell is confined, or it is said by
// name what is missing. docs/containers.md says what was tried and what was not.

/** The newest system call that a profile of Docker 28 knows (mseal), and one of Docker 20.10 (epoll_pwait2): Landlock came after it. */
const [TODAY, OLD] = [462, 441];

const LANDLOCK = [444, 445, 446] as const;
const SECCOMP = 317;

const RESTRICTED: Surrounding = {
  profile: { newest: TODAY },
  capabilities: "none",
  noNewPrivs: true,
  unprivileged: true,
};

/** How each thread of a confined cell must look. */
const CONFINED = [{ noNewPrivs: "1", seccomp: "2", capabilities: "0000000000000000" }];

let surroundings: Surroundings;
const whyNot = Surroundings.whyNot();

beforeAll(() => {
  if (whyNot === null) surroundings = new Surroundings();
});
beforeEach(({ skip }) => {
  if (whyNot !== null) skip(whyNot);
});
afterAll(() => {
  if (whyNot === null) surroundings[Symbol.dispose]();
});

describe("a cell is confined", () => {
  test.each<[string, Surrounding]>([
    [
      "as docker run does it: root, the usual capabilities, the default profile",
      { profile: { newest: TODAY } },
    ],
    ["with a read-only root and nowhere to write", { profile: { newest: TODAY }, readOnly: true }],
    [
      "with no capability and no-new-privileges",
      { profile: { newest: TODAY }, capabilities: "none", noNewPrivs: true },
    ],
    [
      "as Kubernetes' restricted pods: all of that, and not root",
      { ...RESTRICTED, readOnly: true },
    ],
    ["rootless, in a user namespace", { profile: { newest: TODAY }, rootless: true }],
    [
      "where /proc hides the processes of others",
      { ...RESTRICTED, mounts: ["mount -o remount,hidepid=2 /proc"] },
    ],
    [
      "in an image with nothing in /etc, so that some of the launcher's canaries are missing",
      { profile: { newest: TODAY }, mounts: ["mount -t tmpfs tmpfs /etc"] },
    ],
    ["without a seccomp profile", {}],
  ])("%s", async (_, surrounding) => {
    const account = await surroundings.account(surrounding);
    // It is what it is called.
    const { noNewPrivs, profile, capabilities, readOnly } = surrounding;
    expect(account).toMatchObject({
      self: {
        noNewPrivs: noNewPrivs === true ? "1" : "0",
        seccomp: profile === undefined ? "0" : "2",
        capabilities: expect.stringMatching(
          capabilities === "none" ? /^0+$/ : /[1-9a-f]/,
        ) as string,
      },
    });
    expect(readOnly === true ? ["EROFS"] : ["yes", "EACCES"]).toContain(account.canWrite);
    expect(account.processes).toBeLessThanOrEqual(2);

    const confined: CellAccount = {
      threads: CONFINED,
      granted: true,
      refused: "filesystem denied (outside_scope)",
      kernelDecisions: [expect.not.stringContaining("unavailable") as string],
    };
    expect(account).toMatchObject({ prefer: confined, require: confined, warnings: [] });
  });
});

describe("what is missing is named, cells run by the broker alone, and records say unavailable", () => {
  const inPart = { ...CONFINED[0] };

  test.each<[string, Surrounding, RegExp]>([
    [
      "a profile that is older than Landlock",
      { profile: { newest: OLD } },
      /files: Landlock is not there \(ENOSYS\).*container's seccomp profile forbids it/,
    ],
    [
      "a profile that forbids Landlock",
      { profile: { newest: TODAY, forbids: LANDLOCK } },
      /files: Landlock is forbidden here \(EPERM\).*must allow landlock_create_ruleset/,
    ],
  ])("%s", async (_, surrounding, missing) => {
    const account = await surroundings.account(surrounding);
    expect(account.require).toEqual({ error: expect.stringMatching(missing) as string });
    expect(account.warnings).toEqual([expect.stringMatching(missing) as string]);
    expect(account.warnings[0]).toContain("the kernel confines cells in part");
    // The filter is there, and holds.
    expect(account.prefer).toEqual({
      threads: [inPart],
      granted: true,
      refused: "filesystem denied (outside_scope)",
      kernelDecisions: ["unavailable"],
    });
  });

  test.each<[string, Surrounding, RegExp]>([
    [
      "a profile that forbids further filters",
      { profile: { newest: TODAY, forbids: [SECCOMP] } },
      /system calls: seccomp filters cannot be used here \(errno 1\); a container's own profile may forbid them/,
    ],
    [
      "a file system for the launcher that is mounted noexec",
      {
        mounts: [
          `mount --bind "$0/packages/launcher-linux-x64/bin" "$0/packages/launcher-linux-x64/bin"`,
          `mount -o remount,bind,noexec "$0/packages/launcher-linux-x64/bin"`,
        ],
      },
      /launcher: .*pyisolate-launcher may not be executed \(EACCES\)/,
    ],
  ])("%s", async (_, surrounding, missing) => {
    const account = await surroundings.account(surrounding);
    expect(account.require).toEqual({ error: expect.stringMatching(missing) as string });
    expect(account.warnings).toEqual([expect.stringMatching(missing) as string]);
    expect(account.warnings[0]).toContain("the broker alone holds them");
    expect(account.prefer).toMatchObject({
      threads: [{ seccomp: surrounding.profile === undefined ? "0" : "2", noNewPrivs: "0" }],
      granted: true,
      kernelDecisions: ["unavailable"],
    });
  });
});

test("without a /proc of its own processes no cell is started, and it is said that /proc does not show it", async () => {
  // Beneath it lies that of the machine, which knows these processes by other numbers.
  const account = await surroundings.account({ mounts: ["umount --lazy /proc"] });
  const refusal = {
    error: expect.stringMatching(/^CellStartError: .*\/proc does not show process \d+/) as string,
  };
  expect(account).toMatchObject({ prefer: refusal, require: refusal });
});
