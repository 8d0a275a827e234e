import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import type { Sandbox } from "@pyisolate/sandbox-core";

/** The mark in the environment of every process that one supervisor has started. */
export function supervisorMark(pid: number): string {
  const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
  const mark = environment.find((entry) => entry.startsWith("PYISOLATE_SUPERVISOR="));
  assert.ok(mark !== undefined, "a cell carries its supervisor's mark");
  return mark;
}

/** Waits until no process with the mark is left. @throws if one stays. */
export async function nothingLeft(mark: string): Promise<void> {
  let left = running(mark);
  // The kernel takes a moment to clear away what has been killed.
  for (let round = 0; left.length > 0 && round < 500; round++) {
    await delay(10);
    left = running(mark);
  }
  assert.deepEqual(left, [], "processes left behind");
}

function running(mark: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) return false;
    try {
      const parent = readFileSync(`/proc/${pid}/stat`, "latin1")
        .replace(/^.*\) /s, "")
        .split(" ")[1];
      if (parent === String(process.pid)) return true;
      return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark);
    } catch {
      return false;
    }
  });
}

/** The most that any cell held, resident. */
export function watchMemory(cells: () => readonly Sandbox[]): {
  readonly bytes: number;
  stop(): void;
} {
  const peak = { bytes: 0, stop: () => clearInterval(timer) };
  const timer = setInterval(() => {
    for (const { pid } of cells()) {
      try {
        const pages = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1];
        peak.bytes = Math.max(peak.bytes, Number(pages) * 4096);
      } catch {
        // It has ended.
      }
    }
  }, 10);
  return peak;
}
