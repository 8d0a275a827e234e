import { constants } from "node:fs";

import { Failed } from "../guards/guard.ts";
import { ended, mayAccess, noted, sameRefusal } from "../guards/kernel-refusal.ts";
import type { CommandOutcome } from "./run-command.ts";

/** By why a command was killed. */
const CODES = { timeout: "ETIMEDOUT", output: "ENOBUFS", abort: "ABORT_ERR" };

/** Longest command with its arguments in an error, in UTF-16 code units. */
const MAX_CALLED = 4096;

interface FailedCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Whether the guest's thread waited for it. */
  readonly isSync: boolean;
  readonly limitMs: number;
  readonly outputBytes: number;
}

/** Throws the guest's error, as Node shapes it, if the command did not start, was stopped, or failed. */
export function failUnlessDone(
  { stdout, stderr, status, signal, stopped, failure }: CommandOutcome,
  { file, args, isSync, limitMs, outputBytes }: FailedCommand,
): void {
  const called = [file, ...args].join(" ").slice(0, MAX_CALLED);
  const asynchronous = isSync ? {} : { cmd: called };
  if (failure !== null) {
    const syscall = `${isSync ? "spawnSync" : "spawn"} ${file}`;
    const error = new Failed(`${syscall} ${failure.code}`, {
      ...failure,
      syscall,
      path: file,
      spawnargs: args,
      ...asynchronous,
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
  const said = Buffer.from(stderr).toString("utf8");
  const end = stopped === null ? (said === "" ? "" : `\n${said}`) : why[stopped];
  const error = new Failed(`Command failed: ${called}${end}`, {
    status,
    signal,
    killed: stopped !== null,
    code: stopped === null ? (status ?? undefined) : CODES[stopped],
    stdout: Buffer.from(stdout).toString("utf8"),
    stderr: said,
    ...asynchronous,
  });
  throw ended(error, signal);
}
