import type { Start } from "../frames.ts";
import type { CallBudget } from "./call-budget.ts";
import type { GuardContext } from "./guards/guard.ts";

/** What a guard learns of the cell and of the call that it serves. */
export function guardContext(
  { memoryMib, ca, writable }: Start,
  { wallMs, outputBytes }: CallBudget,
): GuardContext {
  return { wallMs, outputBytes, memoryBytes: memoryMib * 1024 * 1024, ca, writable };
}
