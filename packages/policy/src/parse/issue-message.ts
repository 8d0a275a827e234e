import type { z } from "zod";

import { didYouMean } from "./did-you-mean.ts";
import { ONLY_EFFECT } from "./notes-schema.ts";
import type { PlainData } from "./plain-data.ts";
import { quoted } from "../clean-text.ts";
import { OPERATIONS } from "../vocabulary.ts";

/**
 * What is wrong, and what to write instead, in words for the policy's author.
 *
 * @param capabilities Those that a rule of the document can name.
 */
export function issueMessage(
  issue: z.core.$ZodIssue,
  written: PlainData | undefined,
  capabilities: readonly string[],
): string {
  switch (issue.code) {
    case "invalid_type":
      return typeMistake(issue.expected, written);
    case "invalid_value":
      if (issue.values.length === 1 && issue.values[0] === ONLY_EFFECT)
        return `${shown(written)} cannot be the default: what no rule allows is denied. Write a rule for what is to be allowed, and here deny, or { description, owner } to say why and whom to ask`;
      if (issue.values.every((value) => typeof value === "number")) {
        return numberMistake(issue.values.join(" or "), written);
      }
      return valueMistake(issue.values.map(String), written);
    case "invalid_union":
      return valueMistake(capabilities, written);
    case "too_small":
      if (Array.isArray(written)) return issue.message;
      return `${shown(written)} is too small; the least is ${issue.minimum}`;
    case "too_big":
      if (Array.isArray(written))
        return `has ${written.length} entries; the most is ${issue.maximum}`;
      if (typeof written === "string") return `is longer than ${issue.maximum} characters`;
      return `${shown(written)} is too large; the most is ${issue.maximum}`;
    default:
      // Every other check of the schema has a message of its own.
      return issue.message;
  }
}

function typeMistake(expected: string, written: PlainData | undefined): string {
  const wanted = WANTED[expected] ?? expected;
  if (written === undefined) return `is missing; write ${wanted}`;
  if (written === null) return `is empty; write ${wanted}`;
  if (expected === "string" && (typeof written === "number" || typeof written === "boolean")) {
    return `${shown(written)} is not text; put it in quotes: "${String(written)}"`;
  }
  if (expected === "array" && typeof written === "string") {
    return `${shown(written)} is not a list; write [${quoted(written)}]`;
  }
  if (typeof written === "string" && wanted === "a whole number") {
    if (/^[0-9]+$/.test(written)) return `${shown(written)} is text; write it without quotes`;
    if (/^[0-9]+(?:[_,.' ][0-9]{3})+$/.test(written)) {
      return `${shown(written)} is not a whole number; write ${written.replace(/[^0-9]/g, "")}`;
    }
    if (/^[0-9]/.test(written)) {
      return `${shown(written)} is not a whole number; the unit is in the key's name, so write the number alone`;
    }
  }
  if (expected === "string" && typeof written === "object") {
    return Array.isArray(written)
      ? "a list is not text; write each text by itself, and put text that begins with [ in quotes"
      : 'a mapping is not text; put text that holds ": " or begins with { in quotes';
  }
  if (expected === "array" && typeof written === "object") {
    return 'a mapping is not a list; begin each entry with "- ", or put them in [ ]';
  }
  return `${shown(written)} is not ${wanted}`;
}

function numberMistake(wanted: string, written: PlainData | undefined): string {
  if (written === undefined || written === null) return `is missing; write ${wanted}`;
  if (typeof written === "string") {
    return `${shown(written)} is text; write ${wanted}, without quotes`;
  }
  return `${shown(written)} is not known here; write ${wanted}`;
}

const WANTED: Readonly<Record<string, string>> = {
  string: "text",
  array: "a list",
  object: "a mapping of keys to values",
  int: "a whole number",
  number: "a whole number",
};

function valueMistake(allowed: readonly string[], written: PlainData | undefined): string {
  const list =
    allowed.length === 1 ? `must be ${allowed.join("")}` : `must be one of ${allowed.join(", ")}`;
  if (written === undefined) return `is missing; ${list}`;
  if (typeof written !== "string") return `${shown(written)} ${list}`;
  if (EVERY.has(written.toLowerCase()) && allowed.includes("read")) {
    return `${quoted(written)} is not an operation; leave "operations" out for every one (${list})`;
  }
  const near = didYouMean(written, allowed);
  if (near !== undefined) return `${quoted(written)} is unknown; did you mean "${near}"? (${list})`;
  const owner = Object.entries(OPERATIONS).find(([, own]) => own.some((word) => word === written));
  const whose =
    owner !== undefined &&
    allowed.every((word) => word !== owner[0]) &&
    !allowed.includes("filesystem");
  return `${quoted(written)} ${whose ? `is an operation of ${owner[0]}; here it ` : ""}${list}`;
}

/** Words by which people mean every operation. */
const EVERY: ReadonlySet<string> = new Set(["*", "**", "all", "any"]);

function shown(written: PlainData | undefined): string {
  if (typeof written === "string") return quoted(written);
  if (Array.isArray(written)) return "a list";
  if (typeof written === "object" && written !== null) return "a mapping";
  return String(written);
}
