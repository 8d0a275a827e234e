import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { expect } from "vitest";

import type { Load } from "./service.ts";

const PROGRAM = join(import.meta.dirname, "stopped-service.ts");

/** What a service reports when SIGTERM ends it. */
export interface LastWords {
  readonly denied: number;
  readonly waiting: number;
  readonly onDisk: number;
  readonly lost: Readonly<Record<string, number>>;
  /** From the signal to the end, milliseconds. */
  readonly took: number;
}

/** Runs a service until it has denied a few hundred times, and ends it by SIGTERM. */
export async function stopped(load: Load): Promise<LastWords> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(load)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  const closed = once(child, "close");
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  const [code] = (await closed) as [number | null];
  expect(code).toBe(0);
  return JSON.parse(output.slice(output.indexOf("{"))) as LastWords;
}
