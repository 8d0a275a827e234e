import { Worker } from "node:worker_threads";

import { outsideOfCalls } from "../caller-context.ts";
import type { DnsQuestion } from "./dns-query.ts";
import type { DnsOrder, DnsReport } from "./dns-thread.ts";
import { failure } from "./lookup-queue.ts";

/** Most heap of the thread, MiB. It holds at most 64 questions and their answers. */
const HEAP_MIB = 32;

const FILE = new URL(
  // Tests run the package from its sources, where the thread's file is TypeScript.
  import.meta.url.endsWith(".ts") ? "./dns-thread.ts" : "./dns-thread.js",
  import.meta.url,
);

type Waiting = PromiseWithResolvers<readonly string[]>;

/** Asks DNS on a thread that does not keep the host's process running. */
class DnsThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(onEnd: () => void) {
    this.#worker = new Worker(FILE, {
      // Give the thread neither the host's preloaded modules nor its environment.
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    this.#worker.on("message", (report: DnsReport) => this.#receive(report));
    const end = (why: string): void => {
      onEnd();
      for (const { reject } of this.#waiting.values()) reject(failure("EAI_AGAIN", why));
      this.#waiting.clear();
    };
    this.#worker.on("error", (error) => end(String(error)));
    this.#worker.on("exit", () => end("the thread that looks names up has ended"));
    // Do this last: adding a message listener refs the worker again.
    this.#worker.unref();
  }

  async ask(question: DnsQuestion, signal: AbortSignal): Promise<readonly string[]> {
    this.#last += 1;
    const number = this.#last;
    const waiting: Waiting = Promise.withResolvers();
    this.#waiting.set(number, waiting);
    this.#send({ number, question });
    const cancel = (): void => this.#send({ cancelled: number });
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return await waiting.promise;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  #send(order: DnsOrder): void {
    this.#worker.postMessage(order);
  }

  #receive(report: DnsReport): void {
    const waiting = this.#waiting.get(report.number);
    this.#waiting.delete(report.number);
    if ("addresses" in report) waiting?.resolve(report.addresses);
    else waiting?.reject(failure(report.code, report.message));
  }
}

/** One thread for the process, started for the first name that neither a file nor a rule answers. */
let thread: DnsThread | undefined;

/**
 * Queries DNS for the addresses of both families; IPv4 comes first. A query under way does not keep the host's process running.
 * Rejects with the codes of c-ares, and with `EAI_AGAIN` if the thread cannot be started.
 */
export async function askDns(
  question: DnsQuestion,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    thread ??= outsideOfCalls(() => new DnsThread(() => (thread = undefined)));
  } catch (error) {
    throw failure("EAI_AGAIN", `no thread to look names up: ${String(error)}`);
  }
  return await thread.ask(question, signal);
}
