import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Duplex, Readable } from "node:stream";

import type { IncomingFrame } from "../../frame-reader.ts";
import { encodeJson, Frame } from "../../frames.ts";
import type { Exit } from "./end-of-process.ts";
import { ChannelReader } from "../channel/channel-reader.ts";
import type { Launch } from "./launch.ts";
import { spawnCell } from "./spawn-cell.ts";
import { startFailure } from "./start-failure.ts";
import { MarkedProcesses } from "./kill-marked.ts";
import { maxBody, WireError } from "../channel/wire.ts";

/** How long a cell process may take until it is ready, milliseconds: 30 times what is usual on a busy machine. */
const START_TIMEOUT_MS = 30_000;

/** After the end of a channel, how long the process's own end may take to be reported before the process counts as alive, milliseconds. */
const SILENCE_MS = 50;

/** How long the pipes are read after a process's end, milliseconds. A process that it left behind may hold them open. */
const PIPE_GRACE_MS = 500;

/** How much of a cell's last output on standard error is kept, UTF-16 code units. */
const LAST_WORDS = 8192;

/**
 * How many bytes may wait to be read by a cell before the host stops reading from it. Without it, a cell that only asks would
 * fill the host's memory. A small answer takes some 50 times its bytes while it waits in Node's stream.
 */
const MAX_UNREAD = 256 * 1024;

/** Receives what a cell process does. */
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

/** One child process that holds a guest: its two channels, its last output on standard error, and its end. */
export class CellProcess {
  readonly launch: Launch;
  /** The mark in the environment of the cell and of every process that it starts. */
  readonly mark = randomBytes(12).toString("hex");
  readonly #child: ChildProcess;
  readonly #sync: Duplex;
  readonly #async: Duplex;
  readonly #readers: ReadonlyMap<Duplex, ChannelReader>;
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
  /** Resolves when no process that this one started is left. */
  #alone: Promise<void> = Promise.resolve();
  #holders = 0;

  /** @throws CellStartError if the system refuses to start a process. */
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
    this.#readers = new Map([
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
      // Use `close`, which comes after the pipes are read to their end, so that the last output is complete.
      this.#child.on("close", () => {
        clearTimeout(grace);
        end();
      });
    });
    // Unref everything: a waiting cell must not keep the host's process running.
    for (const handle of this.#handles) handle.unref?.();
    this.send(encodeJson(Frame.start, 0, launch.start));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when the process and those it started are gone. Keeps the host running while it is awaited. */
  async exited(): Promise<Exit> {
    for (const handle of this.#handles) handle.ref?.();
    return await this.#ended.promise;
  }

  get hasExited(): boolean {
    return this.#isGone || this.#exit !== undefined;
  }

  /**
   * Resolves when the guest's isolate exists and the kernel itself has shown that the process is confined as it must be.
   *
   * @throws CellStartError if that does not happen.
   */
  async ready(): Promise<void> {
    // Do not unref this timer: the caller awaits it.
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
    // If no command is granted, the filter that was just attested lets no thread start a process.
    if (this.launch.confined?.plan.commands.length === 0) this.#marked.cannotBe();
  }

  /** Sets the listener. Only the last one is called. */
  listen(listener: Listener): void {
    this.#listener = listener;
    if (this.#exit !== undefined) listener.onExit(this.#exit);
  }

  /** Counts whether the host waits for something from the cell. While it does, the host's process keeps running. */
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

  /** Sends SIGKILL to the whole process group. */
  kill(): void {
    if (!this.hasExited) this.#marked.endGroup();
  }

  /** The listener. Throws before there is one: until a cell is used, it may only say that it is ready. */
  get #heard(): Listener {
    if (this.#listener === undefined) throw new WireError("a frame before the cell is in use");
    return this.#listener;
  }

  #take(stream: Duplex, inStep: boolean, onFrame: (frame: IncomingFrame) => void): ChannelReader {
    // A killed child resets the channel; `exit` reports its end.
    stream.on("error", () => stream.destroy());
    stream.on("close", () => this.#fallSilent());
    return new ChannelReader(stream, {
      maxBody: (kind, id) => this.#listener?.maxBody(kind, id) ?? maxBody(kind),
      inStep,
      onFrame,
      onBroken: (error) => {
        if (this.#listener === undefined) this.kill();
        else this.#listener.onGarbage(error);
      },
    });
  }

  /** Ends a cell that closed one of its channels: it cannot do anything any more, and the host would wait for it. */
  #fallSilent(): void {
    setTimeout(() => {
      if (this.hasExited) return;
      this.#isSilent = true;
      this.kill();
    }, SILENCE_MS).unref();
  }

  /**
   * Writes a frame. If the cell does not read its channel, the host takes no more requests from that channel, because their
   * answers would fill its memory. The other channel goes on, since the cell may be waiting for it.
   */
  #write(stream: Duplex, frame: Buffer): void {
    if (stream.destroyed) return;
    stream.write(frame);
    const reader = this.#readers.get(stream);
    if (stream.writableLength <= MAX_UNREAD || reader === undefined || reader.isHeld) return;
    reader.hold(true);
    stream.once("drain", () => reader.hold(false));
  }

  #end(exit: Exit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    // Close the host's ends: a process that was not found may hold the other ends of the pipes open.
    for (const stream of [this.#sync, this.#async, this.#words]) stream.destroy();
    this.#ready.reject(
      startFailure(`ended before it was ready (${exit.signal ?? `exit ${exit.code}`})`, {
        lastWords: exit.lastWords,
        exit: exit.code,
      }),
    );
    // If no caller awaits `ready`, its rejection must not become an unhandled one in the host.
    this.#ready.promise.catch(() => undefined);
    void this.#alone.then(() => this.#ended.resolve(exit));
    this.#listener?.onExit(exit);
  }
}
