import { z } from "zod";

import { isBuiltIn, isOwnName, MAX_CAPABILITIES, MAX_OPERATIONS } from "../capabilities.ts";
import { RULE_ID } from "../identifier.ts";
import { MAX_TARGET_PATTERN, TARGET_PATTERN, targetMistake } from "../match/target-pattern.ts";
import { quoted } from "../clean-text.ts";
import { CAPABILITIES, OPERATIONS } from "../vocabulary.ts";
import type { PlainData, PlainObject } from "./plain-data.ts";

/** The capabilities that a document declares, each with its operations; undefined where those cannot be read. */
export type Declared = ReadonlyMap<string, readonly string[] | undefined>;

/** The section `capabilities` of a document that was checked. */
export type Declarations = Readonly<Record<string, readonly string[] | undefined>>;

const NAME_RULE =
  'begin with a letter or digit, then letters, digits, ".", "_" and "-", at most 64';

/** Reads what a document declares before it is checked, so that its rules can be checked with it. */
export function declaredIn(data: PlainData | undefined): Declared {
  const section = isObject(data) ? data["capabilities"] : undefined;
  if (!isObject(section)) return new Map();
  const names = Object.keys(section).filter(isOwnName).slice(0, MAX_CAPABILITIES);
  return new Map(names.map((name) => [name, operationsIn(section[name])]));
}

function isObject(data: PlainData | undefined): data is PlainObject {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

function operationsIn(written: PlainData | undefined): readonly string[] | undefined {
  if (!Array.isArray(written)) return undefined;
  const names = written.slice(0, MAX_OPERATIONS).filter((name) => typeof name === "string");
  return names.length === 0 ? undefined : names;
}

/** Why a key of `capabilities` declares none. */
export function declarationMistake(key: string): string {
  if (isBuiltIn(key)) return `${quoted(key)} is built in; declare only what is your own`;
  return isOwnName(key)
    ? `is one more than the ${MAX_CAPABILITIES} capabilities that a policy can declare`
    : `${quoted(key)} is not a name for a capability; ${NAME_RULE}`;
}

const OperationName = z.string().regex(RULE_ID, {
  error: ({ input }) => `${quoted(String(input))} is not a name for an operation; ${NAME_RULE}`,
});

/** The operations of one declared capability. */
const Operations = z
  .array(OperationName)
  .min(1, { error: "is empty; write what can be done with it, such as [query, write]" })
  .max(MAX_OPERATIONS);

/**
 * The built-in capability that a document may declare all the same, with its own operations: services declare it for guards of
 * their own. Such a declaration changes nothing.
 */
const RESTATED = {
  tool: z.array(z.enum(OPERATIONS.tool)).min(1).max(MAX_OPERATIONS).exactOptional(),
};

const ABOUT =
  "The service's own capabilities, each with its operations. Rules for them have targets. " +
  "tool: [call] may stand here and changes nothing: it is built in.";

/** The schema of what one document declares. */
export function declarations(declared: Declared): z.ZodType<Declarations> {
  const own = Object.fromEntries([...declared.keys()].map((name) => [name, Operations]));
  return z
    .strictObject({ ...own, ...RESTATED })
    .refine((all) => Object.keys(all).length <= MAX_CAPABILITIES, {
      error: `has more than the ${MAX_CAPABILITIES} capabilities that a policy can declare`,
    })
    .describe(ABOUT);
}

/** The names of a rule for a declared capability. */
export interface OwnNames {
  readonly capability: z.ZodType<string>;
  readonly operation: z.ZodType<string>;
}

/** What rules of one document can name: what it declares. */
export function namesOf(declared: Declared): readonly OwnNames[] {
  return [...declared].map(([name, operations]) => ({
    capability: z.literal(name),
    operation: operations === undefined ? z.string() : z.enum(operations),
  }));
}

// The same for an editor, which cannot know what a document declares.
const OWN_NAME = new RegExp(`^(?!(?:${CAPABILITIES.join("|")})$)${RULE_ID.source.slice(1)}`);
export const ANY_NAMES: OwnNames = {
  capability: z.string().regex(OWN_NAME),
  operation: OperationName,
};
export const ANY_DECLARATIONS: z.ZodType<Declarations> = z
  .strictObject(RESTATED)
  .catchall(Operations)
  .meta({
    description: ABOUT,
    maxProperties: MAX_CAPABILITIES,
    propertyNames: {
      anyOf: [{ enum: Object.keys(RESTATED) }, { type: "string", pattern: OWN_NAME.source }],
    },
  });

/** A target of a rule for a declared capability. */
export const Target = z
  .string()
  .max(MAX_TARGET_PATTERN)
  .regex(TARGET_PATTERN, {
    error: ({ input }) =>
      `${quoted(String(input))} ${targetMistake(String(input)) ?? "is not valid here"}`,
  })
  .describe("Literal text; * is any text without '.', '/' and ':', ** is any text.");
