import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { registerHooks } from "node:module";
import { connect, type Socket } from "node:net";
import path from "node:path";
import type { Readable } from "node:stream";
import { pathToFileURL } from "node:url";

/** The name under which a copy of the package finds {@link spawnOnChannels} in place of Node's `spawn`. */
const KEY = Symbol.for("pyisolate.test.spawn");

/**
 * Lets a copy of the package start cells a hundred times as fast: each is a real process in a group of its own, which only
 * sleeps, and two real sockets to a process that plays all cells. The host's own code runs unchanged.
 */
export async function playedByOne(folder: string): Promise<AsyncDisposable> {
  const address = path.join(folder, "attacker");
  const attacker = spawn(
    process.execPath,
    [path.join(import.meta.dirname, "attacker.ts"), address],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  await once(attacker.stdout, "data");
  let cells = 0;
  const connected = (cell: number, channel: number): Socket => {
    const socket = connect(address);
    const hello = Buffer.alloc(5);
    hello.writeUInt32LE(cell, 0);
    hello.writeUInt8(channel, 4);
    socket.write(hello);
    return socket;
  };
  const spawnOnChannels = (
    _file: string,
    _args: readonly string[],
    options: SpawnOptions,
  ): ChildProcess => {
    const child = spawn("/bin/sleep", ["3600"], {
      ...options,
      stdio: ["ignore", "ignore", "pipe"],
    });
    cells += 1;
    const [, , words] = child.stdio as unknown as readonly [null, null, Readable];
    Object.defineProperty(child, "stdio", {
      value: [null, null, words, connected(cells, 0), connected(cells, 1)],
    });
    return child;
  };
  Object.defineProperty(globalThis, KEY, { value: spawnOnChannels, configurable: true });
  const host = pathToFileURL(path.join(folder, "dist/host/")).href;
  const source = `export const spawn = globalThis[Symbol.for("pyisolate.test.spawn")];`;
  registerHooks({
    resolve: (specifier, { parentURL = "", ...context }, next) =>
      // The reaper's shell is not a cell.
      specifier === "node:child_process" &&
      parentURL.startsWith(host) &&
      !parentURL.endsWith("/reaper.js")
        ? { url: `data:text/javascript,${encodeURIComponent(source)}`, shortCircuit: true }
        : next(specifier, { parentURL, ...context }),
  });
  return {
    [Symbol.asyncDispose]: async () => {
      const ended = once(attacker, "exit");
      attacker.stdin.end();
      await ended;
    },
  };
}
