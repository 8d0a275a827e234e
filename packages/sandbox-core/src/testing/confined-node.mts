// Runs confined, as a cell does: loads isolated-vm by its file, runs a guest, then tries what no cell may, and says what came of it.
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, openSync, promises, readFileSync, writeSync } from "node:fs";
import { connect, createServer, type NetConnectOpts } from "node:net";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";

/** As much of isolated-vm as is used here: only the cell imports it. */
interface IsolatedVm {
  readonly Isolate: new (options: { memoryLimit: number }) => {
    createContextSync(): { evalSync(source: string): unknown };
  };
}

const O_PATH = 0o10000000;
const [addon = "", granted = "", other = "", port, otherPort, shell = ""] = process.argv.slice(2);

async function outcome(act: () => unknown): Promise<unknown> {
  try {
    return await act();
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno ?? String(error);
  }
}

async function connected(options: NetConnectOpts): Promise<string> {
  const socket = connect(options);
  await once(socket, "connect");
  socket.destroy();
  return "connected";
}

async function emitted(
  emitter: NodeJS.EventEmitter & { close?(): unknown },
  event: string,
): Promise<unknown> {
  const [value] = (await once(emitter, event)) as unknown[];
  emitter.close?.();
  return value ?? event;
}

function guest(): unknown {
  const holder = { exports: {} as { ivm: IsolatedVm } };
  process.dlopen(holder, addon);
  const isolate = new holder.exports.ivm.Isolate({ memoryLimit: 16 });
  return isolate.createContextSync().evalSync("6 * 7");
}

function inWorker(): Worker {
  const source = `const { parentPort } = require("node:worker_threads");
    try { require("node:fs").readFileSync(${JSON.stringify(other)}); parentPort.postMessage("read"); }
    catch (error) { parentPort.postMessage(error.errno); }`;
  return new Worker(source, { eval: true });
}

const attempts: Record<string, () => unknown> = {
  guest,
  granted: () => readFileSync(granted, "utf8"),
  byDescriptor: () => readFileSync(`/proc/self/fd/${openSync(granted, O_PATH)}`, "utf8"),
  pool: async () => await promises.readFile(granted, "utf8"),
  poolDenied: async () => await promises.readFile(other, "utf8"),
  denied: () => readFileSync(other, "utf8"),
  etc: () => readFileSync("/etc/passwd", "utf8"),
  environment: () => readFileSync("/proc/self/environ", "utf8"),
  port: async () => await connected({ host: "127.0.0.1", port: Number(port) }),
  otherPort: async () => await connected({ host: "127.0.0.1", port: Number(otherPort) }),
  unix: async () => await connected({ path: "/run/docker.sock" }),
  listen: async () => await emitted(createServer().listen(0, "127.0.0.1"), "listening"),
  udp: async () => await emitted(createSocket("udp4").bind(0), "listening"),
  spawn: () => execFileSync(shell, ["-c", "echo hello"], { encoding: "utf8" }),
  otherCommand: () => execFileSync("/bin/true", { encoding: "utf8" }),
  later: async () => (await promisify(execFile)(shell, ["-c", "echo hello"])).stdout,
  killed: async () => {
    const child = execFile(shell, ["-c", "while :; do :; done"]);
    child.kill("SIGKILL");
    return await emitted(child, "exit");
  },
  ownNode: () => execFileSync(process.execPath, ["-v"], { encoding: "utf8" }),
  worker: async () => await emitted(inWorker(), "message"),
  kill: () => process.kill(process.ppid, 0),
  chmod: () => chmodSync(granted, 0o777),
  random: () => randomBytes(4).length,
};

const results: Record<string, unknown> = {};
for (const [name, act] of Object.entries(attempts)) results[name] = await outcome(act);
writeSync(1, `${JSON.stringify(results)}\n`);
// Looked at from outside meanwhile, and killed.
setTimeout(() => process.exit(0), 20_000);
