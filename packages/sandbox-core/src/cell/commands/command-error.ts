import { constants } from "node:fs";

import { Failed } from "../guards/guard.ts";
import { ended, mayAccess, noted, sameRefusal } from "../guards/kernel-refusal.ts";
import type { CommandOutcome } from "./run-command.ts";

/** By why a command was killed. */
const CODES = { timeout: "ETIMEDOUT", output: "ENOBUFS", abort: "ABORT_ERR" };

/** Throws the guest's error, as Node shapes it, if the command did not start, was stopped, or failed. */
export function failUnlessDone(
  { stdout, stderr, status, signal, stopped, failure }: CommandOutcome,
  file: string,
  limitMs: number,
  outputBytes: number,
): void {
  if (failure !== null) {
    const error = new Failed(`spawn ${file} ${failure.code}`, {
      ...failure,
      syscall: `spawn ${file}`,
      path: file,
    });
    noted(failure, () => (mayAccess(file, constants.X_OK) ? "differential" : undefined));
    throw sameRefusal(error, failure);
  }
  if (stopped === null && status === 0) return;
  const why = {
    timeout: `: timed out after ${limitMs} ms`,
    output: `: wrote more than ${outputBytes} bytes`,
    abort: ": aborted",
  };
  const error = new Failed(`Command failed: ${file}${stopped === null ? "" : why[stopped]}`, {
    status,
    signal,
    killed: stopped !== null,
    code: stopped === null ? (status ?? undefined) : CODES[stopped],
    stdout: Buffer.from(stdout).toString("utf8"),
    stderr: Buffer.from(stderr).toString("utf8"),
  });
  throw ended(error, signal);
}
