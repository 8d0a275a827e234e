import { DEFAULT_RULE } from "./vocabulary.ts";

/** A rule id: what may become a metric attribute. No path, URL or sentence matches. */
export const RULE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** An event's id: a cell's instance and a number, or what a producer of its own numbers by. Printable, bounded, no spaces. */
export const EVENT_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** A policy's content hash. */
export const POLICY_HASH = /^[0-9a-f]{16}$/;

/**
 * Whether a rule of a policy may not have this id, because denials that no rule explains are named so: `default`, the
 * limits, control operations, and the `_other` that telemetry folds into.
 */
export function isReservedRuleId(id: string): boolean {
  return id === DEFAULT_RULE || id === "_other" || /^(?:limit|control)\./.test(id);
}

/** Latest time of an event, Unix milliseconds: the last one whose year has four digits, as RFC 3339 wants. */
export const MAX_TIME = 253_402_300_799_999;
