import type { HrTime } from "@opentelemetry/api";
import {
  MAX_CELL_LENGTH,
  MAX_DESCRIPTION_LENGTH,
  MAX_EXPLANATION_LENGTH,
  MAX_OWNER_LENGTH,
  MAX_POLICY_NAME_LENGTH,
} from "@pyisolate/policy/events";

import { cleaner, cleanOnce } from "../clean-once.ts";

/** Longest of an event's ids and words, in UTF-16 code units. The longest of them is the event's id. */
const MAX_WORD = 128;

export function word(text: string): string {
  return cleanOnce(text, MAX_WORD);
}

export const cellText = cleaner(MAX_CELL_LENGTH);
export const policyText = cleaner(MAX_POLICY_NAME_LENGTH);
export const hashText = cleaner(MAX_WORD);
export const ruleText = cleaner(MAX_WORD);
export const descriptionText = cleaner(MAX_DESCRIPTION_LENGTH);
export const explanationText = cleaner(MAX_EXPLANATION_LENGTH);
export const ownerText = cleaner(MAX_OWNER_LENGTH);
export const nearestText = cleaner(MAX_WORD);
export const operationText = cleaner(MAX_WORD);
export const lackedText = cleaner(MAX_WORD);

// A pair of seconds and nanoseconds: the SDK takes a small number for a reading of performance.now().
export function hrTime(time: number): HrTime {
  // Refused here: in the exporter, a record with such a time would cost its whole batch.
  if (!Number.isFinite(time)) throw new RangeError("an event's time must be a finite number");
  const seconds = Math.floor(time / 1000);
  return [seconds, Math.round((time - seconds * 1000) * 1e6)];
}
