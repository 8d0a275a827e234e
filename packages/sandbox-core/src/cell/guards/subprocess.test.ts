import { Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { policyOf, rejectionOf, until } from "../../testing/cells.ts";
import { processesRunning } from "../../testing/processes.ts";
import { kernelMode } from "../../testing/kernel-mode.ts";

/** In a confined cell a shell starts what the policy names, and that reads what the policy grants. */
const STARTED_BY_SHELL = ["yes", "head", "sleep", "setsid"].map((name) => `/usr/bin/${name}`);

const RULES = [
  {
    id: "read-by-commands",
    effect: "allow",
    capability: "filesystem",
    operations: ["read"],
    paths: ["/proc/**", "/dev/zero"],
  },
  {
    id: "cmd",
    effect: "allow",
    capability: "subprocess",
    operations: ["exec"],
    commands: [
      "/bin/sh",
      "/bin/cat",
      "/bin/echo",
      "/bin/true",
      "/nowhere/at-all",
      ...STARTED_BY_SHELL,
    ],
  },
];

let lastTag = 0;
/** A number of seconds that no other test sleeps for. */
const newTag = (): string => `${200_000 + process.pid}.${++lastTag}`;

// Both forms give the same: `run(file, args, options)` is one of them, and what it throws comes back as plain data.
const PRELUDE = `
  const { execFile, execFileSync } = require("node:child_process");
  const plain = (e) => ({ name: e.name, message: e.message, code: e.code, status: e.status, signal: e.signal, killed: e.killed, spawnargs: e.spawnargs, cmd: e.cmd, stdout: e.stdout?.slice(0, 100), reason: e.reason });
  globalThis.execFile = execFile;
  globalThis.sync = (...given) => { try { return execFileSync(...given); } catch (e) { return plain(e); } };
  globalThis.later = (file, args, options) => execFile(file, args, options).then((out) => out.stdout, plain);
  globalThis.run = (form, ...given) => (form === "sync" ? sync : later)(...given);
  0
`;

let supervisor: Supervisor;
beforeAll(() => {
  supervisor = new Supervisor({
    ...kernelMode,
    policy: policyOf(RULES, { output_bytes: 100_000 }),
    pool: 1,
  });
});
afterAll(async () => {
  await supervisor.close();
});

async function prepared() {
  const cell = await supervisor.spawn("guest");
  await cell.exec(PRELUDE);
  return cell;
}

describe.each(["sync", "async"])("%s", (form) => {
  test("the command runs with its arguments as they are, and no shell", async () => {
    await using cell = await prepared();
    expect(await cell.call("run", form, "/bin/echo", ["$HOME; ls", "*", "a b"], "utf8")).toBe(
      "$HOME; ls * a b\n",
    );
  });

  test("its environment holds three names and the cell's marks; it starts in the root directory", async () => {
    await using cell = await prepared();
    const env = String(await cell.call("run", form, "/bin/cat", ["/proc/self/environ"], "utf8"));
    expect(env.split("\0").filter((line) => line !== "" && !line.startsWith("PYISOLATE_"))).toEqual(
      ["PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/"],
    );
    expect(await cell.call("run", form, "/bin/sh", ["-c", "pwd"], "utf8")).toBe("/\n");
  });

  test("it gets its input, and succeeds though it does not read it", async () => {
    await using cell = await prepared();
    expect(await cell.call("run", form, "/bin/cat", [], { input: "héllo", encoding: "utf8" })).toBe(
      "héllo",
    );
    expect(
      await cell.call("run", form, "/bin/true", [], {
        input: "x".repeat(500_000),
        encoding: "utf8",
      }),
    ).toBe("");
  });

  test("the outcome is an error with status and output, as in Node", async () => {
    await using cell = await prepared();
    expect(
      await cell.call("run", form, "/bin/sh", ["-c", "echo out; echo err >&2; exit 3"], "utf8"),
    ).toMatchObject({ name: "Error", status: 3, code: 3, stdout: "out\n", killed: false });
    expect(await cell.call("run", form, "/bin/sh", ["-c", "kill -9 $$"], "utf8")).toMatchObject({
      status: null,
      signal: "SIGKILL",
      killed: false,
    });
    const called = form === "sync" ? "spawnSync" : "spawn";
    expect(await cell.call("run", form, "/nowhere/at-all", ["x y"], "utf8")).toMatchObject({
      code: "ENOENT",
      message: `${called} /nowhere/at-all ENOENT`,
      spawnargs: ["x y"],
      cmd: form === "sync" ? undefined : "/nowhere/at-all x y",
    });
  });

  test("output beyond the limit ends it: of both streams together", async () => {
    await using cell = await prepared();
    expect(await cell.call("run", form, "/bin/sh", ["-c", "yes"], "utf8")).toMatchObject({
      code: "ENOBUFS",
      killed: true,
    });
    const both = `head -c 60000 /dev/zero; head -c 60000 /dev/zero >&2`;
    expect(await cell.call("run", form, "/bin/sh", ["-c", both], "utf8")).toMatchObject({
      code: "ENOBUFS",
      killed: true,
    });
    expect(
      await cell.call("run", form, "/bin/sh", ["-c", "head -c 90000 /dev/zero"], "utf8"),
    ).toHaveLength(90_000);
  });

  test("beyond its time it is killed with its group", async () => {
    await using cell = await prepared();
    const tag = newTag();
    expect(
      await cell.call("run", form, "/bin/sh", ["-c", `sleep ${tag} & sleep ${tag}`], {
        timeout: 300,
        encoding: "utf8",
      }),
    ).toMatchObject({ code: "ETIMEDOUT", killed: true });
    await until("the group is gone", () => processesRunning(`sleep\0${tag}`).length === 0);
  });

  test("it is over when its own process has ended, though another process holds its pipes", async () => {
    await using cell = await prepared();
    const tag = newTag();
    expect(
      await cell.call("run", form, "/bin/sh", ["-c", `sleep ${tag} & echo over`], "utf8"),
    ).toBe("over\n");
    await until("the group is gone", () => processesRunning(`sleep\0${tag}`).length === 0);
    expect(
      await cell.call("run", form, "/bin/sh", ["-c", `setsid sleep ${tag} & echo over`], "utf8"),
    ).toBe("over\n");
  });

  test("a cell that is closed in the middle leaves nothing behind, not even what left the group", async () => {
    const cell = await prepared();
    const tag = newTag();
    const running = rejectionOf(
      cell.call("run", form, "/bin/sh", [
        "-c",
        `setsid sleep ${tag} & setsid sh -c 'sleep ${tag}; :' & sleep ${tag}`,
      ]),
    );
    await until("all three run", () => processesRunning(`sleep\0${tag}`).length === 3);
    await cell.close();
    expect(processesRunning(tag)).toEqual([]);
    expect(await running).toMatchObject({ name: "ClosedError" });
  });

  test("a command that the policy does not name exactly is refused, and recorded", async () => {
    await using cell = await prepared();
    for (const file of ["/bin/ls", "sh", "/bin/../bin/sh", "//bin/sh", "/bin/sh -c ls"]) {
      expect(await cell.call("run", form, file, [], "utf8")).toMatchObject({
        name: "PolicyError",
        reason: "outside_scope",
      });
    }
    expect(cell.denialEvents().map((event) => event.target)).toEqual([
      "/bin/ls",
      "sh",
      "/bin/../bin/sh",
      "//bin/sh",
      // In quotes: without them it would read as the command /bin/sh with two arguments.
      '"/bin/sh -c ls"',
    ]);
  });

  test("an option is honoured", async () => {
    await using cell = await prepared();
    const bytes = (await cell.exec(
      `run("${form}", "/bin/sh", ["-c", "printf a; printf b >&2"], { encoding: null, stdio: ["pipe", "pipe", "pipe"], shell: false, cwd: "/", windowsHide: true, killSignal: "SIGKILL", env: undefined })`,
    )) as Uint8Array;
    expect(Buffer.from(bytes).toString()).toBe("a");
    expect(
      await cell.exec(
        `(async () => { const out = await run("${form}", "/bin/echo", ["x"], { encoding: "buffer" }); return [Buffer.isBuffer(out), out.toString("hex")]; })()`,
      ),
    ).toEqual([true, "780a"]);
    expect(await cell.call("run", form, "/bin/echo", ["x"], { encoding: "base64" })).toBe("eAo=");
    expect(
      await cell.call("run", form, "/bin/cat", [], {
        input: "gone",
        stdio: ["ignore"],
        encoding: "utf8",
      }),
    ).toBe("");
    expect(
      await cell.call("run", form, "/bin/sh", ["-c", "yes"], { encoding: "utf8", maxBuffer: 1000 }),
    ).toMatchObject({
      code: "ENOBUFS",
      killed: true,
      message: expect.stringContaining("more than 1000 bytes") as string,
    });
  });

  test.each([
    [
      "{ cwd: '/tmp' }",
      "ERR_INVALID_ARG_VALUE",
      "The option 'cwd' is not offered in a cell with the value '/tmp'",
    ],
    ["{ env: {} }", "ERR_INVALID_ARG_VALUE", "'env' is not offered"],
    ["{ shell: true }", "ERR_INVALID_ARG_VALUE", "'shell' is not offered"],
    ["{ shell: '/bin/sh' }", "ERR_INVALID_ARG_VALUE", "'shell' is not offered"],
    ["{ uid: 1 }", "ERR_INVALID_ARG_VALUE", "'uid' is not offered"],
    ["{ gid: 1 }", "ERR_INVALID_ARG_VALUE", "'gid' is not offered"],
    ["{ killSignal: 'SIGTERM' }", "ERR_INVALID_ARG_VALUE", "'killSignal' is not offered"],
    ["{ argv0: 'x' }", "ERR_INVALID_ARG_VALUE", "'argv0' is not offered"],
    ["{ detached: true }", "ERR_INVALID_ARG_VALUE", "'detached' is not offered"],
    ["{ serialization: 'advanced' }", "ERR_INVALID_ARG_VALUE", "'serialization' is not offered"],
    ["{ stdio: 'inherit' }", "ERR_INVALID_ARG_VALUE", "'stdio' is not offered"],
    ["{ stdio: ['pipe', 'inherit'] }", "ERR_INVALID_ARG_VALUE", "'stdio[1]' is not offered"],
    [
      "{ stdio: ['pipe', 'pipe', 'pipe', 'ipc'] }",
      "ERR_INVALID_ARG_VALUE",
      "'stdio' is not offered",
    ],
    ["{ timeout: -1 }", "ERR_OUT_OF_RANGE", "It must be an unsigned integer. Received -1"],
    ["{ timeout: '5' }", "ERR_OUT_OF_RANGE", '"timeout"'],
    ["{ maxBuffer: -1 }", "ERR_OUT_OF_RANGE", "It must be a positive number"],
    ["{ encoding: 'rot13' }", "ERR_UNKNOWN_ENCODING", "Unknown encoding: rot13"],
    ["{ input: 5 }", "ERR_INVALID_ARG_TYPE", "Received type number (5)"],
    [
      "{ signal: {} }",
      "ERR_INVALID_ARG_TYPE",
      "an instance of AbortSignal. Received an instance of Object",
    ],
  ])("or refused by its name, without an event: %s", async (options, code, message) => {
    await using cell = await prepared();
    const told = await cell.exec(
      `(async () => { try { return await run("${form}", "/bin/echo", [], ${options}); } catch (error) { return { code: error.code, message: error.message }; } })()`,
    );
    expect(told).toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect(cell.stats.denials).toBe(0);
  });

  test("a malformed command is refused before the policy", async () => {
    await using cell = await prepared();
    const given: unknown[][] = [
      [7],
      [""],
      ["/bin/sh\0x"],
      ["/bin/echo", ["a\0b"]],
      ["/bin/echo", [7]],
      ["/bin/echo", ["\ud800"]],
      ["/bin/echo", Array(5000).fill("x")],
      ["/bin/echo", ["x".repeat(200_000)]],
      ["/".repeat(5000)],
    ];
    for (const [file, args = []] of given)
      expect(await cell.call("run", form, file, args, "utf8")).toMatchObject({
        name: "PolicyError",
        reason: "malformed",
      });
    expect(cell.stats.byReason).toEqual({ malformed: given.length });
  });
});

test("an error names the command with its arguments and has what it wrote to stderr; promisify gives both streams", async () => {
  await using cell = await prepared();
  const script = "echo out; echo why >&2; exit 3";
  const failed = `Command failed: /bin/sh -c ${script}\nwhy\n`;
  expect(await cell.call("sync", "/bin/sh", ["-c", script])).toMatchObject({ message: failed });
  expect(await cell.call("later", "/bin/sh", ["-c", script])).toMatchObject({ message: failed });
  expect(
    await cell.exec(
      `require("node:util").promisify(execFile)("/bin/sh", ["-c", "echo out; echo err >&2"]).then((all) => ({ ...all }))`,
    ),
  ).toEqual({ stdout: "out\n", stderr: "err\n" });
});
