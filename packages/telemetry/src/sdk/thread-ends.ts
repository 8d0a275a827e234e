// Node's own timers, also where a service's tests have replaced the global ones.
import { clearTimeout, setTimeout } from "node:timers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { BroadcastChannel, isMainThread, threadId, type Worker } from "node:worker_threads";

/** Threads of a process talk on it. Another version of this package says the same on it, or has another name. */
const CHANNEL = "@pyisolate/telemetry ends 1";

/** How long a thread may take to answer that it has begun to end, and then past the time for an end, milliseconds. */
const ANSWER_WITHIN = 1000;

type Message =
  /** Of the main thread: whether a thread has telemetry. */
  | { readonly says: "who" }
  /** Of the main thread: a signal, or an error that is not caught, ends the process unless it is handled. */
  | { readonly says: "end"; readonly handled: boolean }
  /** Of another thread: it has telemetry, has none any more, or has begun to end. */
  | { readonly says: "here" | "gone" | "begun"; readonly thread: number }
  /** Of another thread: it has ended. @param lines What it has lost. */
  | { readonly says: "ended"; readonly thread: number; readonly lines: readonly string[] };

/**
 * Ends telemetry in all threads of a process. A signal reaches the main thread alone, and its default ends the process with all its
 * threads, so the main thread asks the others to end first.
 */
export class ThreadEnds {
  readonly #end: (handled: boolean) => Promise<readonly string[]>;
  #channel: BroadcastChannel | undefined;
  /** Other threads with telemetry; in the main thread only. */
  readonly #known = new Set<number>();
  readonly #waits = new Set<(message: Message) => void>();
  /** Whether the threads are ending: then this one stays on the channel until that is said, though its telemetry has ended. */
  #ending = false;
  #wanted = false;

  /** @param end ends or flushes this thread's telemetry. @returns what is lost. Must not reject. */
  constructor(end: (handled: boolean) => Promise<readonly string[]>) {
    this.#end = end;
  }

  /** @param wanted Whether this thread has telemetry that a signal ends. */
  listen(wanted: boolean): void {
    this.#wanted = wanted;
    if (wanted && this.#channel === undefined) {
      this.#channel = new BroadcastChannel(CHANNEL);
      this.#channel.onmessage = (event: unknown) => {
        const { data } = event as { readonly data: Message };
        void this.#hear(data);
      };
      this.#channel.unref();
      if (isMainThread) process.on("worker", this.#watch);
      this.#say(isMainThread ? { says: "who" } : { says: "here", thread: threadId });
    } else if (!wanted && !this.#ending) {
      if (isMainThread) process.removeListener("worker", this.#watch);
      else this.#say({ says: "gone", thread: threadId });
      this.#channel?.close();
      this.#channel = undefined;
    }
  }

  /**
   * Ends the other threads. Of the main thread only.
   *
   * @param millis The longest time that one of them may take.
   * @returns a line for each that gave no answer, and what the others have lost.
   */
  async endOthers(handled: boolean, millis: number): Promise<readonly string[]> {
    const threads = [...this.#known];
    if (threads.length === 0) return [];
    this.#ending = true;
    const ends = threads.map(async (thread) => await this.#ended(thread, millis));
    this.#say({ says: "end", handled });
    const lines = (await Promise.all(ends)).flat();
    // A thread's stderr is written by this one: what it has said before its end is in the queue by now.
    await nextTurn();
    this.#hasEnded();
    return lines;
  }

  async #ended(thread: number, millis: number): Promise<readonly string[]> {
    return await new Promise((resolve) => {
      const done = (lines: readonly string[]) => {
        clearTimeout(timer);
        this.#waits.delete(hear);
        resolve(lines);
      };
      const silent = () => {
        done([
          `telemetry: thread ${thread} gave no answer before the process ends: what it held in memory, if anything, is lost`,
        ]);
      };
      let timer = setTimeout(silent, ANSWER_WITHIN);
      const hear = (message: Message) => {
        if (!("thread" in message) || message.thread !== thread) return;
        if (message.says === "ended") done(message.lines);
        if (message.says === "gone") done([]);
        if (message.says !== "begun") return;
        clearTimeout(timer);
        timer = setTimeout(silent, millis + ANSWER_WITHIN);
      };
      this.#waits.add(hear);
    });
  }

  async #hear(message: Message): Promise<void> {
    if (isMainThread) {
      if (message.says === "here") this.#known.add(message.thread);
      if (message.says === "gone") this.#known.delete(message.thread);
      for (const wait of this.#waits) wait(message);
    } else if (message.says === "who") {
      this.#say({ says: "here", thread: threadId });
    } else if (message.says === "end" && !this.#ending) {
      this.#ending = true;
      this.#say({ says: "begun", thread: threadId });
      const lines = await this.#end(message.handled);
      // In a turn of its own, behind what the end has written to this thread's stderr.
      await nextTurn();
      this.#say({ says: "ended", thread: threadId, lines });
      this.#hasEnded();
    }
  }

  #hasEnded(): void {
    this.#ending = false;
    this.listen(this.#wanted);
  }

  #say(message: Message): void {
    this.#channel?.postMessage(message);
  }

  /** Has a thread forgotten once it has ended, which may have had no time to say so. */
  readonly #watch = (worker: Worker): void => {
    // Asked now: it is -1 once the thread has ended.
    const thread = worker.threadId;
    worker.once("exit", () => {
      void this.#hear({ says: "gone", thread });
    });
  };
}
