import type { Start } from "../frames.ts";
import type { CallBudget } from "./call-budget.ts";
import type { GuardContext } from "./guards/guard.ts";
import type { OpenFiles } from "./open-files.ts";

/**
 * What a guard learns of the cell and of the call that it serves.
 *
 * @param fd The call's first argument, if it is the number of an open file.
 */
export function guardContext(
  { memoryMib, ca, writable }: Start,
  { wallMs, outputBytes }: CallBudget,
  files: OpenFiles,
  fd: unknown,
): GuardContext {
  const memoryBytes = memoryMib * 1024 * 1024;
  return { wallMs, outputBytes, memoryBytes, ca, writable, files, file: files.of(fd) };
}
