import { DEFAULT_RULE } from "./vocabulary.ts";

/** A rule id, and the name of a capability or an operation: what may become a metric attribute. No path, URL or sentence matches. */
export const RULE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Whether a capability or an operation may be named so: a letter or digit, then letters, digits, `.`, `_`, `-`; at most 64. */
export function isCapabilityName(name: unknown): name is string {
  return typeof name === "string" && RULE_ID.test(name);
}

/** An event's id: a cell's instance and a number, or what a producer of its own numbers by. Printable, bounded, no spaces. */
export const EVENT_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** A policy's content hash: 16 hexadecimal digits. */
export const POLICY_HASH = /^[0-9a-f]{16}$/;

/**
 * Whether an id is reserved, so that no rule may have it. Denials that no rule explains use these: `default`, those of limits and
 * control operations, and `_other`, into which telemetry folds values beyond its budget.
 */
export function isReservedRuleId(id: string): boolean {
  return id === DEFAULT_RULE || id === "_other" || /^(?:limit|control)\./.test(id);
}

/** Latest time of an event, Unix milliseconds: the end of the year 9999, because RFC 3339 has four digits for the year. */
export const MAX_TIME = 253_402_300_799_999;
