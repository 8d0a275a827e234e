import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { StackError } from "./errors.ts";
import { freePorts, onFreePorts } from "./ports.ts";
import { type ServerOptions, startServer } from "./server.ts";
import { isAlive } from "./testing/is-alive.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stack-server-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A server that is one line of JavaScript; ready at once unless told otherwise. */
function fake(script: string, more: Partial<ServerOptions> = {}): ServerOptions {
  return {
    name: "The fake",
    command: process.execPath,
    args: ["-e", script],
    outputFile: join(folder, `${Math.random()}.log`),
    isReady: () => Promise.resolve(true),
    readyWithinMs: 10_000,
    graceMs: 500,
    ...more,
  };
}

const RUNS = "setInterval(() => {}, 1000)";

test("a server runs until it is stopped, and then is gone", async () => {
  const server = await startServer(fake(RUNS));
  expect(isAlive(server.pid)).toBe(true);
  expect(await server.stop()).toEqual({ code: null, signal: "SIGTERM" });
  expect(isAlive(server.pid)).toBe(false);
  expect(await server.stop()).toEqual({ code: null, signal: "SIGTERM" });
});

test("a server that ignores SIGTERM is killed after the grace", async () => {
  const file = join(folder, "deaf");
  const script = `process.on("SIGTERM", () => {}); require("fs").writeFileSync(${JSON.stringify(file)}, ""); ${RUNS}`;
  const server = await startServer(
    fake(script, { isReady: async () => (await readFile(file)) !== undefined }),
  );
  expect(await server.stop()).toEqual({ code: null, signal: "SIGKILL" });
});

test("a taken port is named before the server starts", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const address = holder.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const error = await failure(fake(RUNS, { ports: [port] }));
  expect(error.code).toBe("port-taken");
  expect(error.message).toContain(`127.0.0.1:${port}`);
  holder.close();
});

test("a port that is taken at the last moment is told from another death", async () => {
  const script = `console.error("listen tcp 127.0.0.1:1: bind: address already in use"); process.exit(1)`;
  expect((await failure(fake(script, { isReady: never }))).code).toBe("port-taken");
});

test("a server that dies before it is ready gives its last words", async () => {
  const error = await failure(
    fake(`console.error("no such thing"); process.exit(3)`, { isReady: never }),
  );
  expect(error.code).toBe("server-died");
  expect(error.message).toContain("exit code 3");
  expect(error.output).toBe("no such thing");
});

test("a command that is not there is a typed error", async () => {
  const error = await failure(fake(RUNS, { command: join(folder, "nothing-here") }));
  expect(error.code).toBe("server-died");
  expect(error.message).toContain("nothing-here is not an executable file");
});

test("a server that is never ready is killed at the deadline", async () => {
  let pid = 0;
  const file = join(folder, "pid");
  const script = `require("fs").writeFileSync(${JSON.stringify(file)}, String(process.pid)); ${RUNS}`;
  const isReady = async () => {
    pid = Number(await readFile(file, "utf8"));
    return false;
  };
  expect((await failure(fake(script, { isReady, readyWithinMs: 1000 }))).code).toBe("not-ready");
  expect(pid).toBeGreaterThan(0);
  expect(isAlive(pid)).toBe(false);
});

test.for([
  { end: "is killed", after: RUNS, signal: "SIGKILL" as const },
  { end: "gets Ctrl-C", after: RUNS, signal: "SIGINT" as const },
  { end: "ends by itself", after: "", signal: undefined },
  { end: "throws", after: "throw new Error('crash')", signal: undefined },
])("no server is left when its parent $end", async ({ after, signal }) => {
  const { parent, pid } = await parentOf("", after);
  if (signal !== undefined) parent.kill(signal);
  if (parent.exitCode === null && parent.signalCode === null) await once(parent, "exit");
  await gone(pid);
});

test("a server that is kept outlives its parent", async () => {
  const { parent, pid } = await parentOf("server.keep();", "");
  if (parent.exitCode === null) await once(parent, "exit");
  await sleep(1500);
  expect(isAlive(pid)).toBe(true);
  process.kill(pid, "SIGKILL");
});

test("free ports are all different", async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
});

test("a port taken in between means other ports, three times at most", async () => {
  const tried: number[] = [];
  const taken = (ports: readonly number[]) => {
    tried.push(...ports);
    return Promise.reject(new StackError("port-taken", "again"));
  };
  await expect(onFreePorts(1, taken)).rejects.toMatchObject({ code: "port-taken" });
  expect(tried).toHaveLength(3);
  expect(await onFreePorts(2, (ports) => Promise.resolve(ports.length))).toBe(2);
});

/** Another process that starts a server; resolves when it has. */
async function parentOf(before: string, after: string) {
  const options = fake(RUNS);
  const file = join(folder, `parent-${Math.random()}.ts`);
  await writeFile(
    file,
    `import { startServer } from ${JSON.stringify(join(import.meta.dirname, "server.ts"))};
     const server = await startServer({ ...${JSON.stringify(options)}, isReady: async () => true });
     ${before}
     process.stdout.write(server.pid + "\\n", () => { ${after} });`,
  );
  const parent = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  return { parent, pid: Number(line.toString()) };
}

async function failure(options: ServerOptions): Promise<StackError> {
  const error = await startServer(options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StackError)) throw new Error("no StackError", { cause: error });
  return error;
}

async function gone(pid: number): Promise<void> {
  for (let left = 100; isAlive(pid); left--) {
    if (left === 0) {
      process.kill(pid, "SIGKILL");
      throw new Error(`process ${pid} is still there`);
    }
    await sleep(50);
  }
}

const never = () => Promise.resolve(false);
