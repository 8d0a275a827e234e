import type { KernelEvidence } from "@pyisolate/policy";

import { OUT_OF_STEP } from "../../frames.ts";

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of its output on standard error. */
  readonly lastWords: string;
  /** Whether the host ended the process because it had closed a channel. */
  readonly silent: boolean;
}

/** How the record describes a process that ended by itself. */
export interface EndOfProcess {
  readonly limit: "memory" | "crash";
  readonly target: string;
  /** Given if the kernel layer ended the process. */
  readonly evidence?: KernelEvidence;
}

/** Finds out why a cell's process has ended. */
export function endOfProcess(
  { code, signal, lastWords, silent }: Exit,
  isConfined: boolean,
): EndOfProcess {
  if (signal === "SIGSYS" && isConfined) {
    return {
      limit: "crash",
      target: "a system call that no cell makes",
      evidence: "seccomp-kill",
    };
  }
  // V8 ends its process with SIGABRT, SIGTRAP or SIGILL when the heap cannot grow, and says so on standard error.
  const outOfMemory = /out of memory|heap limit|allocation failed/i.test(lastWords);
  let target: string = signal ?? `exit ${code}`;
  if (silent) target = "a channel was closed";
  if (lastWords.includes(OUT_OF_STEP)) target = "out of step with the broker";
  return { limit: outOfMemory ? "memory" : "crash", target };
}
