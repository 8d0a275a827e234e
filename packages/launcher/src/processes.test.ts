import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Call, EACCES, Probe, REFUSED } from "./testing/confined.ts";

// Native code in a confined process and everything that is not a file or a socket.

const EPERM = -1;
const [SIGKILL, SIGCHLD] = [9, 17];

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.make();
});
afterAll(async () => await probe[Symbol.asyncDispose]());

test("without commands no process comes to be", async () => {
  const { results } = await probe.run(
    ["path=5:/"],
    [
      ["fork"],
      ["vfork"],
      ["clone", SIGCHLD, 0, 0, 0, 0],
      ["clone", 0x4111, 0, 0, 0, 0],
      ["clone3", "b:88", 88],
      ["execve", `s:/usr/bin/true`, "b:8", "b:8"],
      ["execveat", -100, "s:/usr/bin/true", "b:8", "b:8", 0],
      ["memfd_create", "s:x", 0],
    ],
  );
  expect(results).toEqual([REFUSED, REFUSED, REFUSED, REFUSED, -38, REFUSED, REFUSED, REFUSED]);
});

test("with commands one does, in no namespace of its own and never as the host's child", async () => {
  const commands = ["commands=1", `parent=${process.pid}`];
  expect(
    (
      await probe.run(commands, [
        ["clone", SIGCHLD, 0, 0, 0, 0],
        ["wait4", -1, 0, 0, 0],
      ])
    ).results,
  ).toContain("child");
  for (const flags of [0x10000000, 0x20000000, 0x40000000, 0x20000, 0x8000]) {
    const { signal, results } = await probe.run(commands, [["clone", flags | SIGCHLD, 0, 0, 0, 0]]);
    expect([signal, results]).toEqual(["SIGSYS", []]);
  }
});

test("with commands, what may be executed is still the plan's to say", async () => {
  const plan = ["commands=1", "path=4:/etc"];
  const { results } = await probe.run(plan, [
    ["execve", "s:/usr/bin/true", "b:8", "b:8"],
    ["execve", "s:/etc/passwd", "b:8", "b:8"],
    ["execveat", -100, "s:/usr/bin/true", "b:8", "b:8", 0],
  ]);
  expect(results).toEqual([EACCES, EACCES, REFUSED]);
});

test("without commands a process signals itself, and can end itself so, and no other", async () => {
  const { results, signal } = await probe.run(
    [],
    [["getpid"], ["kill", "$0", 0], ["kill", process.pid, 0], ["kill", "$0", SIGKILL], ["getpid"]],
  );
  expect([results.slice(1), signal]).toEqual([[0, REFUSED], "SIGKILL"]);
});

// Harmless where the kernel would do them after all: with what cannot be, or what changes nothing.
const ENDED: readonly Call[] = [
  ["ptrace", 16, process.pid, 0, 0],
  ["ptrace", 0, 0, 0, 0],
  ["process_vm_readv", process.pid, "b:16", 1, "b:16", 1, 0],
  ["process_vm_writev", process.pid, "b:16", 1, "b:16", 1, 0],
  ["pidfd_getfd", 3, 0, 0],
  ["kcmp", process.pid, process.ppid, 0, 0, 0],
  ["prlimit64", process.pid, 7, 0, "b:16"],
  ["unshare", 0x10000000],
  ["setns", 0, 0],
  ["mount", "s:none", "s:/no/such", "s:tmpfs", 0, 0],
  ["umount2", "s:/no/such", 0],
  ["move_mount", -100, "s:/tmp", -100, "s:/tmp", 0],
  ["open_tree", -100, "s:/tmp", 1],
  ["fsopen", "s:tmpfs", 0],
  ["pivot_root", "s:/no", "s:/no"],
  ["chroot", "s:/tmp"],
  ["bpf", 0, "b:64", 64],
  ["perf_event_open", "b:128", 0, -1, -1, 0],
  ["userfaultfd", 0],
  ["add_key", "s:user", "s:x", "s:x", 1, -3],
  ["request_key", "s:user", "s:x", 0, 0],
  ["keyctl", 0, -3, 0],
  ["setuid", 0],
  ["setresuid", 1000, 1000, 1000],
  ["setgroups", 0, 0],
  ["capset", "b:8", "b:24"],
  ["personality", 0x40000],
  ["seccomp", 1, 0, "b:16"],
  ["landlock_restrict_self", -1, 1],
  ["landlock_restrict_self", -1, 8],
  ["init_module", "b:16", 16, "s:"],
  ["finit_module", 0, "s:", 0],
  ["kexec_load", 0, 0, 0, 0],
  ["reboot", 0, 0, 0, 0],
  ["swapon", "s:/tmp/x", 0],
  ["sethostname", "s:x", -1],
  ["clock_settime", 0, 1],
  ["settimeofday", 1, 0],
  ["syslog", 3, "b:64", 64],
  ["acct", 0],
  ["shmget", 1, 4096, 0o1600],
  ["semget", 1, 1, 0o1600],
  ["msgget", 1, 0o1600],
  ["mq_open", "s:x", 0o102, 0o600, 0],
  ["open_by_handle_at", -100, "b:16", 0],
  ["fanotify_init", 0, 0],
  ["io_setup", 1, "b:8"],
  ["memfd_secret", 0],
  ["rt_sigqueueinfo", process.pid, 10, "b:128"],
  ["quotactl", 0, "s:x", 0, 0],
  ["modify_ldt", 0, "b:16", 16],
  ["iopl", 3],
  ["ioperm", 0, 1, 1],
  ["vmsplice", 1, "b:16", 1, 0],
  ["migrate_pages", process.pid, 1, 0, 0],
  ["400"],
  ["0x40000001", 1, "s:x", 1],
];

test.each(ENDED.map((call) => ({ call, name: call[0] })))(
  "$name ends the process before anything else is done",
  async ({ call }) => {
    const { signal, results } = await probe.run([], [["getuid"], call, ["getuid"]]);
    expect([signal, results]).toEqual(["SIGSYS", [0]]);
  },
);

const REFUSALS: readonly Call[] = [
  ["io_uring_setup", 8, "b:120"],
  ["io_uring_enter", 0, 0, 0, 0, 0, 0],
  ["io_uring_register", 0, 0, 0, 0],
  ["pidfd_open", process.pid, 0],
  ["pidfd_send_signal", 3, 0, 0, 0],
  ["kill", process.pid, 0],
  ["kill", -1, 0],
  ["kill", 0, 0],
  ["tkill", process.pid, 0],
  ["tgkill", process.pid, process.pid, 0],
  ["sched_setaffinity", process.pid, 8, "h:ffffffffffffffff"],
  ["sched_setscheduler", process.pid, 3, "b:8"],
  ["setpriority", 0, process.pid, 0],
  ["ioprio_set", 1, process.pid, 0],
  ["inotify_init1", 0],
  ["name_to_handle_at", -100, "s:/etc", "b:128", "b:4", 0],
  ["statmount", "b:32", "b:512", 512, 0],
  ["listmount", "b:32", "b:512", 64, 0],
  ["mincore", "b:4096", 4096, "b:1"],
  ["prctl", 0x59616d61, -1],
  ["prctl", 1, 0],
  ["prctl", 4, 0],
  ["prctl", 35, 1, 0, 0, 0],
  ["prctl", 22, 1, 0],
  ["fcntl", 1, 8, process.pid],
  ["fcntl", 1, 1024, 0],
  ["ioctl", 1, 0x5412, "s:x"],
  ["ioctl", 1, 0x40086602, "b:8"],
  ["setsid"],
];

test("what reaches other processes or passes by the filter is refused with the errno that says so", async () => {
  const { results, signal } = await probe.run([], REFUSALS);
  expect(signal).toBeNull();
  expect(REFUSALS.map((call, at) => [call[0], results[at]])).toEqual(
    REFUSALS.map(([name]) => [name, REFUSED]),
  );
});

test("with commands, neither the cell nor a command takes back that it ends with its host", async () => {
  const { results } = await probe.run(
    ["commands=1"],
    [
      ["prctl", 1, 0],
      ["prctl", 4, 1],
    ],
  );
  expect(results).toEqual([REFUSED, 0]);
});

test("a system call that is newer than the launcher is one that the kernel has not got", async () => {
  expect((await probe.run([], [["470"], ["511"], ["100000"]])).results).toEqual([-38, -38, -38]);
});

test("with commands, a signal leaves the cell neither for its host nor for anyone else", async () => {
  const victim = spawn("/usr/bin/sleep", ["20"], { stdio: "ignore" });
  const { results } = await probe.run(
    ["commands=1", `parent=${process.pid}`],
    [
      ["kill", victim.pid ?? 0, SIGKILL],
      ["kill", process.pid, 0],
      ["tgkill", victim.pid ?? 0, victim.pid ?? 0, SIGKILL],
      ["pidfd_send_signal", 0, SIGKILL, 0, 0],
    ],
  );
  const state = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${victim.pid}/status`, "utf8"))?.[1];
  victim.kill("SIGKILL");
  expect(results).toEqual([EPERM, EPERM, EPERM, REFUSED]);
  // Neither a zombie nor gone; whether it sleeps already is the machine's affair.
  expect(state).toMatch(/^[RSD]$/);
});

test("the host's own view of other processes stays closed: nothing of /proc or /dev is opened", async () => {
  const { results } = await probe.run(
    [],
    [
      ["openat", -100, `s:/proc/${process.pid}/environ`, 0],
      ["openat", -100, `s:/proc/${process.pid}/mem`, 2],
      ["openat", -100, "s:/proc/self/mem", 2],
      ["openat", -100, `s:/proc/${process.pid}/root/etc/passwd`, 0],
      ["openat", -100, "s:/dev/zero", 0],
      ["openat", -100, "s:/proc", 0],
    ],
  );
  expect(results).toEqual(Array.from({ length: 6 }, () => EACCES));
});
