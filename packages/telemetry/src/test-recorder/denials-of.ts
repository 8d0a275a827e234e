import type { DenialEvent } from "@pyisolate/policy";
import { inWords } from "@pyisolate/policy/options";

import type { TestRecorder } from "./test-recorder.ts";

/**
 * Where a test looks for denials: a recorder for tests, a cell or a supervisor of sandbox-core, an error of a refusal, or a list of
 * events.
 */
export type DenialSource =
  | Pick<TestRecorder, "denials">
  | { readonly denialEvents: () => readonly DenialEvent[] }
  | { readonly denialEvent: DenialEvent }
  | readonly DenialEvent[];

/** @throws TypeError if the value is not a source. */
export function denialsOf(source: unknown): readonly DenialEvent[] {
  if (Array.isArray(source)) return source as readonly DenialEvent[];
  if (typeof source === "object" && source !== null) {
    const { denials, denialEvents, denialEvent } = source as Record<string, unknown>;
    if (Array.isArray(denials)) return denials as readonly DenialEvent[];
    if (typeof denialEvents === "function") {
      return (source as { denialEvents: () => readonly DenialEvent[] }).denialEvents();
    }
    if (typeof denialEvent === "object" && denialEvent !== null) {
      return [denialEvent as DenialEvent];
    }
  }
  throw new TypeError(
    `denials are looked for in a recorder of createTestRecorder, a cell or supervisor, a PolicyError, or a list of events; got ${inWords(source)}`,
  );
}
