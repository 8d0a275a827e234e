import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";

import { FrameReader, type IncomingFrame } from "../frame-reader.ts";
import { encodeJson, Frame, MAX_BODY_BYTES, MAX_REQUEST_BYTES, type Start } from "../frames.ts";
import { CellStartError } from "./errors.ts";
import { killMarked } from "./strays.ts";

/** How long a cell process may take until it is ready, milliseconds: 30 times what is usual on a busy machine. */
const START_TIMEOUT_MS = 30_000;

/** How much of a cell's last words is kept, bytes. */
const LAST_WORDS = 8192;

const MAIN = fileURLToPath(new URL("../cell/main.js", import.meta.url));

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote on standard error. */
  readonly lastWords: string;
}

/** Who listens to a cell process. Set once it has been given to a cell. */
export interface Listener {
  /** A request on the blocking channel: the cell's thread waits until `answer`. */
  onAsk(frame: IncomingFrame): void;
  onFrame(frame: IncomingFrame): void;
  /** The cell broke the framing. */
  onGarbage(error: unknown): void;
  onExit(exit: Exit): void;
}

interface Handle {
  ref?(): void;
  unref?(): void;
}

/** One child process that holds a guest: its two channels, its last words and its end. */
export class CellProcess {
  readonly memoryMib: number;
  /** Stands in the environment of the cell and of all that it starts. */
  readonly mark = randomBytes(12).toString("hex");
  /** Set when the cell may have started processes of its own: its end looks for them. */
  mayHaveStrays = false;
  readonly #child: ChildProcess;
  readonly #sync: Duplex;
  readonly #async: Duplex;
  readonly #handles: readonly Handle[];
  readonly #ended = Promise.withResolvers<Exit>();
  readonly #ready = Promise.withResolvers<void>();
  #listener: Listener | undefined;
  #lastWords = "";
  #exit: Exit | undefined;

  constructor(start: Start, supervisorMark: string) {
    this.memoryMib = start.memoryMib;
    const child = spawn(process.execPath, ["--no-node-snapshot", MAIN], {
      cwd: "/",
      // Nothing of the host's environment. An empty OPENSSL_CONF keeps Node from reading the system's.
      env: { OPENSSL_CONF: "", PYISOLATE_CELL: this.mark, PYISOLATE_SUPERVISOR: supervisorMark },
      // Leads a group of its own: killed whole, and not hit by a Ctrl-C that is meant for the host.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    });
    this.#child = child;
    this.#sync = child.stdio[3] as Duplex;
    this.#async = child.stdio[4] as Duplex;
    const words = child.stderr as Readable;
    words.on("data", (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString("latin1")).slice(-LAST_WORDS);
    });
    this.#listen(this.#sync, MAX_REQUEST_BYTES, (frame) => this.#listener?.onAsk(frame));
    this.#listen(this.#async, MAX_BODY_BYTES, (frame) => {
      if (this.#listener === undefined && frame.kind === Frame.ready) this.#ready.resolve();
      else this.#listener?.onFrame(frame);
    });
    child.on("error", (error) => {
      this.#ready.reject(new CellStartError(`A cell process could not be started: ${error.message}`, { cause: error }));
      this.#end({ code: null, signal: null, lastWords: error.message });
    });
    // `close` comes after the pipes are read to their end, so the last words are whole.
    child.on("close", (code, signal) => this.#end({ code, signal, lastWords: this.#lastWords }));
    this.#handles = [child, this.#sync, this.#async, words] as Handle[];
    // A host that has nothing else to do may end: a waiting cell does not hold it.
    for (const handle of this.#handles) handle.unref?.();
    this.send(encodeJson(Frame.start, 0, start));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when the process and what it started are gone; whoever awaits it holds the host open. */
  async exited(): Promise<Exit> {
    for (const handle of this.#handles) handle.ref?.();
    return this.#ended.promise;
  }

  get hasExited(): boolean {
    return this.#exit !== undefined;
  }

  /** Resolves when the guest's isolate stands. */
  async ready(): Promise<void> {
    // Not unref'd: whoever awaits this is at work.
    const timer = setTimeout(() => {
      this.#ready.reject(new CellStartError(`A cell process was not ready within ${START_TIMEOUT_MS} ms: ${this.#lastWords}`));
      this.kill();
    }, START_TIMEOUT_MS);
    try {
      await this.#ready.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  listen(listener: Listener): void {
    this.#listener = listener;
    if (this.#exit !== undefined) listener.onExit(this.#exit);
  }

  send(frame: Buffer): void {
    if (!this.#async.destroyed) this.#async.write(frame);
  }

  answer(frame: Buffer): void {
    if (!this.#sync.destroyed) this.#sync.write(frame);
  }

  /** The last word: SIGKILL to the whole group. */
  kill(): void {
    if (this.#exit !== undefined || this.pid === 0) return;
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  }

  #listen(stream: Duplex, maxBody: number, onFrame: (frame: IncomingFrame) => void): void {
    const reader = new FrameReader(maxBody);
    stream.on("data", (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) onFrame(frame);
      } catch (error) {
        stream.destroy();
        if (this.#listener === undefined) this.kill();
        else this.#listener.onGarbage(error);
      }
    });
    // A killed child resets the channel; its end is told by `close`.
    stream.on("error", () => stream.destroy());
  }

  #end(exit: Exit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    this.#ready.reject(new CellStartError(`A cell process ended before it was ready (${exit.signal ?? exit.code}): ${exit.lastWords}`));
    // Nobody may be waiting for it: then its end is no news.
    this.#ready.promise.catch(() => undefined);
    if (this.mayHaveStrays) void killMarked("PYISOLATE_CELL", this.mark).then(() => this.#ended.resolve(exit));
    else this.#ended.resolve(exit);
    this.#listener?.onExit(exit);
  }
}
