import { Worker } from "node:worker_threads";

import { outsideOfCalls } from "../caller-context.ts";
import type { ModuleReport } from "./module-thread.ts";

/** The body of a frame that grants a module, or why it cannot be loaded, as the end of a sentence. */
export type PreparedModule = Uint8Array | string;

/** Most that is kept for later cells, counted as the characters of the sources and the bytes of what was made of them. */
export const KEPT_MODULES = 64 * 1024 * 1024;

/** Most heap of the thread, MiB: it takes some 80 for each million characters of an ES module. */
const HEAP_MIB = 2048;

/** How long the thread waits for another source before it ends, milliseconds. Until then it holds what the last one took. */
const IDLE_MS = 10_000;

const FILE = new URL(
  // Tests run the package from its sources, where the thread's file is TypeScript.
  import.meta.url.endsWith(".ts") ? "./module-thread.ts" : "./module-thread.js",
  import.meta.url,
);

/** By source, the one that was not asked for longest first. Shared by all supervisors of the process. */
const kept = new Map<string, PreparedModule>();
let held = 0;

const underWay = new Map<string, Promise<PreparedModule>>();

/**
 * Parses a module's source and makes of it what a cell loads, once for all cells. The promise does not reject, and does not keep the
 * host's process running.
 *
 * @returns the module itself, if it has been prepared before and is still kept.
 */
export function preparedModule(source: string): PreparedModule | Promise<PreparedModule> {
  const known = kept.get(source);
  if (known !== undefined) {
    kept.delete(source);
    kept.set(source, known);
    return known;
  }
  let promise = underWay.get(source);
  if (promise === undefined) {
    promise = prepare(source).finally(() => underWay.delete(source));
    underWay.set(source, promise);
  }
  return promise;
}

async function prepare(source: string): Promise<PreparedModule> {
  try {
    const module = await onThread(source);
    keep(source, module);
    return module;
  } catch (error) {
    // It may be no fault of the module's, so try again for the next cell. Say no more: what failed is the host's.
    const { code = "no thread" } = error as NodeJS.ErrnoException;
    return `cannot be prepared (${code})`;
  }
}

function keep(source: string, module: PreparedModule): void {
  const size = source.length + module.length;
  if (size > KEPT_MODULES) return;
  kept.set(source, module);
  held += size;
  for (const [oldest, { length }] of kept) {
    if (held <= KEPT_MODULES) break;
    kept.delete(oldest);
    held -= oldest.length + length;
  }
}

interface Waiting extends PromiseWithResolvers<PreparedModule> {
  readonly source: string;
}

/** Prepares one module after the other, on a thread that does not keep the host's process running. */
class ModuleThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #idle: NodeJS.Timeout | undefined;

  constructor() {
    this.#worker = new Worker(FILE, {
      // Give the thread neither the host's preloaded modules nor its environment.
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    this.#worker.on("message", (report: ModuleReport) => this.#receive(report));
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", () => this.#end(new Error("the thread has ended")));
    // Do this last: adding a message listener refs the worker again.
    this.#worker.unref();
  }

  async prepare(source: string): Promise<PreparedModule> {
    clearTimeout(this.#idle);
    this.#worker.postMessage(source);
    const waiting = { source, ...Promise.withResolvers<PreparedModule>() };
    this.#waiting.push(waiting);
    return await waiting.promise;
  }

  #receive(report: ModuleReport): void {
    this.#waiting
      .shift()
      ?.resolve("body" in report ? report.body : `cannot be prepared: ${report.failure}`);
    if (this.#waiting.length > 0) return;
    this.#idle = setTimeout(() => {
      this.#end(undefined);
      void this.#worker.terminate();
    }, IDLE_MS).unref();
  }

  /** @param why What the module is told that was being prepared. Those that waited behind it are given to a new thread. */
  #end(why: unknown): void {
    if (thread === this) thread = undefined;
    const [prepared, ...behind] = this.#waiting.splice(0);
    prepared?.reject(why);
    for (const { source, resolve } of behind) resolve(onThread(source));
  }
}

let thread: ModuleThread | undefined;

/** Starts the thread if there is none. */
async function onThread(source: string): Promise<PreparedModule> {
  thread ??= outsideOfCalls(() => new ModuleThread());
  return await thread.prepare(source);
}
