import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";

import { FrameReader } from "../../packages/sandbox-core/dist/frame-reader.js";
import { encodeJson, Frame } from "../../packages/sandbox-core/dist/frames.js";

const MAIN = fileURLToPath(new URL("bare-cell.mjs", import.meta.url));

/** The yardstick: the cell's channel with no broker at its end. */
export class BareProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #control: Duplex;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#control = child.stdio[4] as Duplex;
    const ask = child.stdio[3] as Duplex;
    const reader = new FrameReader(() => 1 << 16);
    const verdict = encodeJson(Frame.verdict, 0, {
      ok: false,
      capability: "import",
      reason: "outside_scope",
      id: "0123456789abcdef01234567-1",
    });
    ask.on("data", (chunk: Buffer) => {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next())
        if (frame.kind === Frame.request) ask.write(numbered(verdict, frame.id));
    });
  }

  static async start({ empty = false } = {}): Promise<BareProcess> {
    const child = spawn(
      process.execPath,
      ["--no-node-snapshot", MAIN, ...(empty ? ["--empty"] : [])],
      {
        cwd: "/",
        env: { OPENSSL_CONF: "" },
        // In a session of its own, as a cell is: Linux schedules by session.
        detached: true,
        stdio: ["ignore", "ignore", "inherit", "pipe", "pipe"],
      },
    );
    const bare = new BareProcess(child);
    await once(bare.#control, "data");
    return bare;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Nanoseconds of one round trip and one guest throw. */
  async roundTrips(times: number): Promise<number> {
    this.#control.write(String(times));
    const [chunk] = (await once(this.#control, "data")) as [Buffer];
    return Number(chunk.toString());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, "exit");
  }
}

/** The same verdict for another request: the cell takes only one that bears its request's number. */
function numbered(verdict: Buffer, id: number): Buffer {
  const own = Buffer.from(verdict);
  own.writeUInt32LE(id, 5);
  return own;
}
