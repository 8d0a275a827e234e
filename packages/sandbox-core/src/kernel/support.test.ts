import { expect, test } from "vitest";

import { kernelSupport, supportOf } from "./support.ts";

const classes = (probe: string): string[] =>
  supportOf("/launcher", probe).missing.map((missing) => missing.class);

test("this machine has all that cells are confined with", () => {
  const { launcher, abi, missing } = kernelSupport();
  expect(missing).toEqual([]);
  expect(launcher).toMatch(/\/pyisolate-launcher$/);
  expect(abi).toBeGreaterThanOrEqual(6);
});

test.each([
  [7, []],
  [6, []],
  [5, ["scopes"]],
  [4, ["scopes"]],
  [3, ["tcp", "scopes"]],
  [1, ["files", "tcp", "scopes"]],
])("with Landlock's ABI %i, these are missing: %j", (abi, missing) => {
  expect(classes(`protocol=1 landlock=${abi} errata=0 seccomp=0\n`)).toEqual(missing);
});

test.each([
  [-38, /ENOSYS.*seccomp profile/],
  [-95, /lsm= parameter/],
  [-1, /EPERM.*landlock_create_ruleset/],
  [-5, /errno 5/],
])("Landlock that answers %i is told with what to do", (answer, words) => {
  const { abi, missing, launcher } = supportOf(
    "/launcher",
    `protocol=1 landlock=${answer} errata=${answer} seccomp=0\n`,
  );
  expect(abi).toBe(0);
  expect(launcher).toBe("/launcher");
  expect(missing.map(({ why }) => words.test(why))).toEqual([true, true, true]);
});

test("without seccomp filters no cell is confined", () => {
  expect(supportOf("/launcher", "protocol=1 landlock=7 errata=0 seccomp=-22\n")).toEqual({
    launcher: null,
    abi: 0,
    missing: [
      {
        class: "system calls",
        why: "seccomp filters cannot be used here (errno 22); a container's own profile may forbid them",
      },
    ],
  });
});

test.each(["protocol=2 landlock=7 errata=0 seccomp=0\n", "", "hello\n"])(
  "a launcher of another version is told: %j",
  (probe) => {
    const { launcher, missing } = supportOf("/launcher", probe);
    expect(launcher).toBeNull();
    expect(missing[0]?.why).toMatch(/in one version$/);
  },
);
