import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Duplex, Readable } from "node:stream";

import type { IncomingFrame } from "../../frame-reader.ts";
import { encodeJson, Frame } from "../../frames.ts";
import type { Exit } from "./end-of-process.ts";
import { Intake } from "../channel/intake.ts";
import type { Launch } from "./launch.ts";
import { spawnCell } from "./spawn-cell.ts";
import { startFailure } from "./start-failure.ts";
import { MarkedProcesses } from "./kill-marked.ts";
import { maxBody, WireError } from "../channel/wire.ts";

/** How long a cell process may take until it is ready, milliseconds: 30 times what is usual on a busy machine. */
const START_TIMEOUT_MS = 30_000;

/** How long after a channel's end the process' own end may take to be told before it is taken for alive, milliseconds. */
const SILENCE_MS = 50;

/** How long after a process' end its pipes are read on, milliseconds: a process that it left behind may hold them open. */
const PIPE_GRACE_MS = 500;

/** How much of a cell's last words is kept, UTF-16 code units. */
const LAST_WORDS = 8192;

/** How much may wait to be read by a cell before nothing more is read from it, bytes: a cell that only asks fills its own memory. */
const MAX_UNREAD = 1024 * 1024;

/** Who listens to a cell process. */
export interface Listener {
  /** Longest body that a frame of this kind and id may have, bytes. */
  maxBody(kind: number, id: number): number;
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
  readonly launch: Launch;
  /** Stands in the environment of the cell and of all that it starts. */
  readonly mark = randomBytes(12).toString("hex");
  readonly #child: ChildProcess;
  readonly #sync: Duplex;
  readonly #async: Duplex;
  readonly #intakes: ReadonlyMap<Duplex, Intake>;
  readonly #words: Readable;
  readonly #marked: MarkedProcesses;
  readonly #handles: readonly Handle[];
  readonly #ended = Promise.withResolvers<Exit>();
  readonly #ready = Promise.withResolvers<void>();
  #listener: Listener | undefined;
  #lastWords = "";
  #isGone = false;
  #isSilent = false;
  #exit: Exit | undefined;
  /** Resolves when nothing that the process started is left. */
  #alone: Promise<void> = Promise.resolve();
  #holders = 0;

  /** @throws CellStartError where the system does not even let it be tried. */
  constructor(launch: Launch, supervisorMark: string) {
    this.launch = launch;
    this.#child = spawnCell(this.mark, supervisorMark, launch.confined);
    this.#marked = new MarkedProcesses(this.pid, this.mark);
    const [, , words, sync, async] = this.#child.stdio as unknown as readonly [
      unknown,
      unknown,
      Readable,
      Duplex,
      Duplex,
    ];
    this.#sync = sync;
    [this.#async, this.#words] = [async, words];
    this.#handles = [this.#child, sync, async, words as Handle] as readonly Handle[];
    words.on("data", (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString("latin1")).slice(-LAST_WORDS);
    });
    words.on("error", () => words.destroy());
    this.#intakes = new Map([
      [sync, this.#take(sync, true, (frame) => this.#heard.onAsk(frame))],
      [
        async,
        this.#take(async, false, (frame) => {
          if (this.#listener === undefined && frame.kind === Frame.ready) this.#ready.resolve();
          else this.#heard.onFrame(frame);
        }),
      ],
    ]);
    this.#child.on("error", (error: NodeJS.ErrnoException) => {
      this.#ready.reject(
        startFailure(`could not be started (${error.code ?? error.message})`, {
          code: error.code,
          cause: error,
        }),
      );
      this.#end({ code: null, signal: null, lastWords: error.message, silent: false });
    });
    this.#child.on("exit", (code, signal) => {
      this.#isGone = true;
      this.#alone = this.#marked.kill();
      const end = (): void =>
        this.#end({ code, signal, lastWords: this.#lastWords, silent: this.#isSilent });
      const grace = setTimeout(end, PIPE_GRACE_MS);
      // `close` comes after the pipes are read to their end, so the last words are whole.
      this.#child.on("close", () => {
        clearTimeout(grace);
        end();
      });
    });
    // A host that has nothing else to do may end: a waiting cell does not hold it.
    for (const handle of this.#handles) handle.unref?.();
    this.send(encodeJson(Frame.start, 0, launch.start));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when the process and what it started are gone; a caller that awaits it holds the host open. */
  async exited(): Promise<Exit> {
    for (const handle of this.#handles) handle.ref?.();
    return await this.#ended.promise;
  }

  get hasExited(): boolean {
    return this.#isGone || this.#exit !== undefined;
  }

  /**
   * Resolves when the guest's isolate stands, and the kernel itself has said that the process is confined as it must be.
   *
   * @throws CellStartError where it does not come to that.
   */
  async ready(): Promise<void> {
    // Not unref'd: the caller awaits it.
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
    const faults = this.launch.confined?.confinement.attest(this.pid) ?? [];
    if (faults.length > 0) {
      this.kill();
      throw startFailure(`is not confined as it must be (${faults.join("; ")})`, {});
    }
    // Where no command is granted, the filter that has just been attested lets no thread make a process.
    if (this.launch.confined?.plan.commands.length === 0) this.#marked.cannotBe();
  }

  /** Only the last listener is told. */
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
    this.#write(this.#async, frame);
  }

  answer(frame: Buffer): void {
    this.#write(this.#sync, frame);
  }

  /** The last word: SIGKILL to the whole group. */
  kill(): void {
    if (!this.hasExited) this.#marked.endGroup();
  }

  /** Before it is used, a cell has nothing to say but that it is ready. */
  get #heard(): Listener {
    if (this.#listener === undefined) throw new WireError("a frame before the cell is in use");
    return this.#listener;
  }

  #take(stream: Duplex, inStep: boolean, onFrame: (frame: IncomingFrame) => void): Intake {
    // A killed child resets the channel; its end is told by `exit`.
    stream.on("error", () => stream.destroy());
    stream.on("close", () => this.#fallSilent());
    return new Intake(stream, {
      maxBody: (kind, id) => this.#listener?.maxBody(kind, id) ?? maxBody(kind),
      inStep,
      onFrame,
      onBroken: (error) => {
        if (this.#listener === undefined) this.kill();
        else this.#listener.onGarbage(error);
      },
    });
  }

  /** A cell that has closed one of its channels can do nothing any more, and would be waited for. */
  #fallSilent(): void {
    setTimeout(() => {
      if (this.hasExited) return;
      this.#isSilent = true;
      this.kill();
    }, SILENCE_MS).unref();
  }

  /**
   * Writes, and takes nothing more from a channel that the cell does not read: what it asks for there would fill the host. The
   * other channel goes on, since the cell may be waiting on it.
   */
  #write(stream: Duplex, frame: Buffer): void {
    if (stream.destroyed) return;
    stream.write(frame);
    const intake = this.#intakes.get(stream);
    if (stream.writableLength <= MAX_UNREAD || intake === undefined || intake.isHeld) return;
    intake.hold(true);
    stream.once("drain", () => intake.hold(false));
  }

  #end(exit: Exit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    // A process that is not found may hold the other ends of the pipes: the host holds none of them on.
    for (const stream of [this.#sync, this.#async, this.#words]) stream.destroy();
    this.#ready.reject(
      startFailure(`ended before it was ready (${exit.signal ?? `exit ${exit.code}`})`, {
        lastWords: exit.lastWords,
        exit: exit.code,
      }),
    );
    // Where no caller awaits `ready`, its rejection is no failure of the host's.
    this.#ready.promise.catch(() => undefined);
    void this.#alone.then(() => this.#ended.resolve(exit));
    this.#listener?.onExit(exit);
  }
}
