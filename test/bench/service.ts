import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface, type Interface } from "node:readline";

import type { Load, Report } from "./load-service.ts";

const PROGRAM = path.join(import.meta.dirname, "load-service.ts");

/** A service in a process of its own, warm, and waiting to be told to go. */
export class Service implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #durable = 0;

  private constructor(child: ChildProcess, reader: Interface) {
    this.#child = child;
    this.#reader = reader;
    this.#lines = reader[Symbol.asyncIterator]();
  }

  static async start(load: Load): Promise<Service> {
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(load)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (child.stdout === null) throw new Error("unreachable");
    const service = new Service(child, createInterface(child.stdout));
    if ((await service.#line()) !== "ready") throw new Error("the service did not start");
    return service;
  }

  /** How many denials it has reported as safe from a kill. */
  get durable(): number {
    return this.#durable;
  }

  go(): void {
    this.#child.stdin?.write("go\n");
  }

  /** The report that it prints at its end. */
  async report(): Promise<Report> {
    for (;;) {
      const line = await this.#line();
      if (line === undefined) throw new Error("the service ended before it was done");
      if (line.startsWith("{")) return JSON.parse(line) as Report;
      this.#durable = Number(line);
    }
  }

  /** Kills it once it has reported this many denials as safe. */
  async killAt(durable: number): Promise<void> {
    while (this.#durable < durable) this.#durable = Number((await this.#line()) ?? Infinity);
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
    this.#reader.close();
  }

  async #line(): Promise<string | undefined> {
    const next = await this.#lines.next();
    return next.done === true ? undefined : next.value;
  }
}
