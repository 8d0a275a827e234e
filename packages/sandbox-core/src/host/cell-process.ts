import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";

import { FrameReader, type IncomingFrame } from "../frame-reader.ts";
import { encodeJson, Frame, MAX_BODY_BYTES, MAX_REQUEST_BYTES, type Start } from "../frames.ts";
import { startFailure } from "./start-failure.ts";
import { killMarked } from "./strays.ts";

/** How long a cell process may take until it is ready, milliseconds: 30 times what is usual on a busy machine. */
const START_TIMEOUT_MS = 30_000;

/** How long after a process' end its pipes are read on, milliseconds: a process that it left behind may hold them open. */
const PIPE_GRACE_MS = 500;

/** How much of a cell's last words is kept, UTF-16 code units. */
const LAST_WORDS = 8192;

/** How much may wait to be read by a cell before nothing more is read from it, bytes: a cell that only asks fills its own memory. */
const MAX_UNREAD = 1024 * 1024;

const MAIN = fileURLToPath(new URL("../cell/main.js", import.meta.url));

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote on standard error. */
  readonly lastWords: string;
}

/** Who listens to a cell process. */
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
  #isGone = false;
  #exit: Exit | undefined;
  #holders = 0;

  /** @throws CellStartError where the system does not even let it be tried. */
  constructor(start: Start, supervisorMark: string) {
    this.memoryMib = start.memoryMib;
    this.#child = spawnCell(this.mark, supervisorMark);
    const [, , words, sync, async] = this.#child.stdio as unknown as readonly [
      unknown,
      unknown,
      Readable,
      Duplex,
      Duplex,
    ];
    this.#sync = sync;
    this.#async = async;
    this.#handles = [this.#child, sync, async, words as Handle] as readonly Handle[];
    words.on("data", (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString("latin1")).slice(-LAST_WORDS);
    });
    words.on("error", () => words.destroy());
    this.#listen(sync, MAX_REQUEST_BYTES, (frame) => this.#listener?.onAsk(frame));
    this.#listen(async, MAX_BODY_BYTES, (frame) => {
      if (this.#listener === undefined && frame.kind === Frame.ready) this.#ready.resolve();
      else this.#listener?.onFrame(frame);
    });
    this.#child.on("error", (error: NodeJS.ErrnoException) => {
      this.#ready.reject(
        startFailure(`could not be started (${error.code ?? error.message})`, {
          code: error.code,
          cause: error,
        }),
      );
      this.#end({ code: null, signal: null, lastWords: error.message });
    });
    this.#child.on("exit", (code, signal) => {
      this.#isGone = true;
      const end = (): void => this.#end({ code, signal, lastWords: this.#lastWords });
      const grace = setTimeout(end, PIPE_GRACE_MS);
      // `close` comes after the pipes are read to their end, so the last words are whole.
      this.#child.on("close", () => {
        clearTimeout(grace);
        end();
      });
    });
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
    return await this.#ended.promise;
  }

  get hasExited(): boolean {
    return this.#isGone || this.#exit !== undefined;
  }

  /**
   * Resolves when the guest's isolate stands.
   *
   * @throws CellStartError where it does not come to that.
   */
  async ready(): Promise<void> {
    // Not unref'd: whoever awaits this is at work.
    const timer = setTimeout(() => {
      this.#ready.reject(
        startFailure(`was not ready within ${START_TIMEOUT_MS} ms; the host may be overloaded`, {
          lastWords: this.#lastWords,
        }),
      );
      this.kill();
    }, START_TIMEOUT_MS);
    try {
      await this.#ready.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whoever listens last is told. */
  listen(listener: Listener): void {
    this.#listener = listener;
    if (this.#exit !== undefined) listener.onExit(this.#exit);
  }

  /** Whether something is awaited from the cell, so that the host must not end for want of work. Counted. */
  hold(holds: boolean): void {
    this.#holders += holds ? 1 : -1;
    const handle = this.#async as Handle;
    if (this.#holders > 0) handle.ref?.();
    else handle.unref?.();
  }

  send(frame: Buffer): void {
    write(this.#async, frame);
  }

  answer(frame: Buffer): void {
    write(this.#sync, frame);
  }

  /** The last word: SIGKILL to the whole group. */
  kill(): void {
    if (this.hasExited || this.pid === 0) return;
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
    // A killed child resets the channel; its end is told by `exit`.
    stream.on("error", () => stream.destroy());
  }

  #end(exit: Exit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    for (const stream of [this.#sync, this.#async]) stream.destroy();
    this.#ready.reject(
      startFailure(`ended before it was ready (${exit.signal ?? `exit ${exit.code}`})`, {
        lastWords: exit.lastWords,
      }),
    );
    // Nobody may be waiting for it: then its end is no news.
    this.#ready.promise.catch(() => undefined);
    if (this.mayHaveStrays)
      void killMarked("PYISOLATE_CELL", this.mark).then(() => this.#ended.resolve(exit));
    else this.#ended.resolve(exit);
    this.#listener?.onExit(exit);
  }
}

function spawnCell(mark: string, supervisorMark: string): ChildProcess {
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, ["--no-node-snapshot", MAIN], {
      cwd: "/",
      // Nothing of the host's environment. An empty OPENSSL_CONF keeps Node from reading the system's.
      env: { OPENSSL_CONF: "", PYISOLATE_CELL: mark, PYISOLATE_SUPERVISOR: supervisorMark },
      // Leads a group of its own: killed whole, and not hit by a Ctrl-C that is meant for the host.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw startFailure(`could not be started (${code ?? String(error)})`, { code, cause: error });
  }
  // Where there is no descriptor left, Node makes no pipes, and tells why later.
  if ((child.stdio as unknown) === undefined) {
    child.on("error", () => undefined);
    throw startFailure("could not be started (EMFILE)", { code: "EMFILE" });
  }
  return child;
}

function write(stream: Duplex, frame: Buffer): void {
  if (stream.destroyed) return;
  stream.write(frame);
  if (stream.writableLength <= MAX_UNREAD || stream.isPaused()) return;
  stream.pause();
  stream.once("drain", () => stream.resume());
}
