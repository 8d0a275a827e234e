import { z } from "zod";

import { Command } from "./command-schema.ts";
import { HOST_PATTERN, readHost } from "../match/host-pattern.ts";
import { isReservedRuleId, RULE_ID } from "../identifier.ts";
import { type OwnNames, Target } from "./own-capabilities.ts";
import { MAX_PATH_LENGTH, PATH_PATTERN, pathMistake } from "../match/path-pattern.ts";
import { EVERYTHING, type ScopeKey } from "../match/scope.ts";
import { NOTES } from "./notes-schema.ts";
import { MODULE_NAME } from "../match/canonical-target.ts";
import { MAX_TARGET_PATTERN, targetMistake } from "../match/target-pattern.ts";
import { quoted } from "../clean-text.ts";
import { type GuardedCapability, OPERATIONS } from "../vocabulary.ts";

/** Most patterns in a rule. */
const MAX_PATTERNS = 1000;

const ID = new RegExp(`^(?!default$|limit\\.|control\\.)${RULE_ID.source.slice(1)}`);
/** A part of a tool's name, or a pattern of one. Another text would be in no name, so such a rule would never match: see `isToolName`. */
const TOOL_PART = String.raw`(?!(?:__proto__|constructor|prototype|then)(?:\.|$))[A-Za-z_$*][A-Za-z0-9_$*]*`;
const TOOL_PATTERN = new RegExp(String.raw`^(?!.*\*{3})${TOOL_PART}(?:\.${TOOL_PART})*$`);
const NO_TOOL =
  'is no tool\'s name: names of JavaScript (letters, digits, "_" and "$", no digit first) with dots between them, such as crm.lookup or crm.*, and none of them __proto__, constructor, prototype or then';
const MODULE = new RegExp(`^\\*$|${MODULE_NAME.source}`);

const Id = z
  .string()
  .regex(ID, { error: ({ input }) => idMistake(String(input)) })
  .describe("Names the rule in events and metrics. Letters, digits, '.', '_' and '-', at most 64.");

const Path = z
  .string()
  .max(MAX_PATH_LENGTH)
  .regex(PATH_PATTERN, { error: ({ input }) => mistake(input, pathMistake(String(input))) })
  .describe(
    "Absolute path; * is anything within a segment, ** any number of whole segments, ${cell} the cell's name.",
  );

const Host = z
  .string()
  .regex(HOST_PATTERN, { error: ({ input }) => mistake(input, hostMistake(String(input))) })
  .refine((host) => hostMistake(host) === undefined, {
    error: ({ input }) => mistake(input, hostMistake(String(input))),
  })
  .describe(
    "host:port. Host: a name, *.name, an address, a block such as 10.0.0.0/8, or *. Port: a number or *.",
  );

const Module = z
  .string()
  .regex(MODULE, {
    error: ({ input }) => mistake(input, moduleMistake(String(input))),
  })
  .describe("Name of a module, or * for every one.");

const Tool = z
  .string()
  .max(MAX_TARGET_PATTERN)
  .regex(TOOL_PATTERN, {
    error: ({ input }) => mistake(input, targetMistake(String(input)) ?? NO_TOOL),
  })
  .describe("Name of a function of the host; * is any text without a dot, ** any text.");

const common = <C extends z.ZodType<string>, O extends z.ZodType<string>>(
  capability: C,
  operation: O,
) => ({
  id: Id,
  ...NOTES,
  effect: z.enum(["allow", "deny"]).describe("Deny beats allow."),
  capability,
  operations: z
    .array(operation)
    .min(1, { error: 'is empty; leave "operations" out for every operation' })
    .max(MAX_PATTERNS)
    .exactOptional()
    .describe("Left out: every operation of the capability."),
});

const builtIn = <C extends GuardedCapability>(capability: C) =>
  common(
    z.literal(capability),
    z.enum(OPERATIONS[capability] as (typeof OPERATIONS)[C] & readonly string[]),
  );

const scope = <T extends z.ZodType>(key: ScopeKey, pattern: T) =>
  z
    .array(pattern)
    .min(1, {
      error: `is empty; write what the rule is about, such as "${EVERYTHING[key]}" for everything`,
    })
    .max(MAX_PATTERNS)
    .exactOptional()
    .describe(
      `Needed to allow; ["${EVERYTHING[key]}"] is everything. Left out of a deny rule: everything.`,
    );

/** Requires a scope in an allow rule, so that leaving it out does not grant everything by accident. */
const scoped = <T extends z.ZodObject>(key: ScopeKey, rule: T): T =>
  rule
    .refine((value) => value["effect"] !== "allow" || value[key] !== undefined, {
      path: [key],
      error: `is missing: an allow rule says what it grants; to grant everything on purpose, write ${key}: ["${EVERYTHING[key]}"]`,
      when: ({ value }) => typeof value === "object" && value !== null,
    })
    .meta({
      if: { properties: { effect: { const: "allow" } } },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { required: [key] },
    });

/** Refuses a key in a deny rule, where it has no effect. */
const allowing = <T extends z.ZodObject>(key: string, why: string, rule: T): T =>
  rule
    .refine((value) => value["effect"] !== "deny" || value[key] === undefined, {
      path: [key],
      error: `is of no use here: ${why}`,
      when: ({ value }) => typeof value === "object" && value !== null,
    })
    .meta({
      ...rule.meta(),
      else: { properties: { [key]: false } },
    });

/** The rules for built-in capabilities. */
export const BUILT_IN_RULES = [
  scoped("paths", z.strictObject({ ...builtIn("filesystem"), paths: scope("paths", Path) })),
  scoped("hosts", z.strictObject({ ...builtIn("network"), hosts: scope("hosts", Host) })),
  allowing(
    "reads",
    "commands of a deny rule do not run; write it on the rule that allows them",
    scoped(
      "commands",
      z.strictObject({
        ...builtIn("subprocess"),
        commands: scope("commands", Command),
        reads: z
          .array(Path)
          .min(1, { error: 'is empty; leave "reads" out where its commands need no more' })
          .max(MAX_PATTERNS)
          .exactOptional()
          .describe(
            "What the kernel lets the rule's commands read, beside the programs themselves. Grants the guest nothing.",
          ),
      }),
    ),
  ),
  scoped("modules", z.strictObject({ ...builtIn("import"), modules: scope("modules", Module) })),
  scoped("tools", z.strictObject({ ...builtIn("tool"), tools: scope("tools", Tool) })),
  z.strictObject(builtIn("random")),
] as const;

/** A rule for a declared capability. */
export const ownRule = ({ capability, operation }: OwnNames) =>
  scoped(
    "targets",
    z.strictObject({ ...common(capability, operation), targets: scope("targets", Target) }),
  );

function mistake(input: unknown, what: string | undefined): string {
  return `${quoted(String(input))} ${what ?? "is not valid here"}`;
}

function idMistake(id: string): string {
  if (isReservedRuleId(id))
    return `${quoted(id)} is reserved for denials that no rule explains; choose another id`;
  return `${quoted(id)} is not a rule id; begin with a letter or digit, then letters, digits, ".", "_" and "-", at most 64`;
}

function hostMistake(host: string): string | undefined {
  const read = readHost(host);
  if (typeof read === "string") return read;
  return HOST_PATTERN.test(host) ? undefined : "is not host:port";
}

function moduleMistake(name: string): string {
  const write = 'write a name such as "node:fs" or "lodash/fp", or "*" for every module';
  const prefix = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(name)?.[0];
  if (prefix !== undefined && prefix !== "node:") {
    return `has the prefix ${quoted(prefix)}, and "node:" is the only one; ${write}`;
  }
  return name.includes("*") && name !== "*"
    ? `has a wildcard; name each module whole, or write "*" alone for every module`
    : `is not a module name; ${write}`;
}
