import fc from "fast-check";

import { parsePolicy, type Policy, type Request } from "../index.ts";

// What the other tests draw from. Names are few, so that rules and requests meet.
const segment = fc.constantFrom("a", "b", "ab", "srv", ".env", "...", "x.js");
const patternSegment = fc.constantFrom(
  "a",
  "b",
  "*",
  "**",
  "a*",
  "*b",
  "*.js",
  "srv",
  ".env",
  "a*b*",
);

export const arbPath = fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join("/")}`);
export const arbPathPattern = fc
  .array(patternSegment, { minLength: 1, maxLength: 5 })
  .map((parts) => `/${parts.join("/")}`);
const arbHost = fc.constantFrom(
  "a.example",
  "b.a.example",
  "127.0.0.1",
  "10.1.2.3",
  "[::1]",
  "[fd00::1]",
);
const arbPort = fc.constantFrom("80", "443", "8080");
const arbEndpoint = fc.tuple(arbHost, arbPort).map((parts) => parts.join(":"));
const arbHostPattern = fc
  .tuple(
    fc.oneof(arbHost, fc.constantFrom("*", "*.example", "*.a.example", "10.0.0.0/8", "[fd00::]/8")),
    fc.oneof(arbPort, fc.constant("*")),
  )
  .map((parts) => parts.join(":"));
const arbModule = fc.constantFrom("fs", "node:fs", "lodash", "lodash/fp", "@a/b");
const arbTool = fc.constantFrom("crm.lookup", "crm.a.b", "crm", "mail.send", "crmx");
const arbToolPattern = fc.oneof(
  arbTool,
  fc.constantFrom("*", "**", "crm.*", "crm.**", "*.send", "crm*", "**.b", "*m*.*"),
);
const arbCommand = fc.constantFrom("/usr/bin/git", "/bin/sh", "/usr/bin/true");
export const arbArguments = fc.array(
  fc.constantFrom("log", "-c", "", "a/b", "ab", "a", "**", "*", "é", "-x=a/b", "."),
  { maxLength: 5 },
);
export const arbArgumentPatterns = fc.array(
  fc.constantFrom("log", "-c", "", "*", "**", "**", "a*", "*b", "*/*", "-x=*", "*a*b*", "é", "."),
  { maxLength: 5 },
);
const arbCommandScope = fc.oneof(
  arbCommand,
  fc.constant("*"),
  fc.record({ path: arbCommand, args: arbArgumentPatterns }),
);

const arbText = fc.constantFrom("reports", "re", "daily", "a", "ab", "b", "é", "😀", "");
const arbSeparator = fc.constantFrom(".", "/", ":", "");
/** Targets of declared capabilities. */
const arbTarget = fc
  .array(fc.tuple(arbText, arbSeparator), { maxLength: 5 })
  .map((parts) => parts.flat().join(""));
/** Patterns over them. */
const arbTargetPattern = fc
  .array(fc.tuple(fc.oneof(arbText, fc.constantFrom("*", "**")), arbSeparator), {
    minLength: 1,
    maxLength: 5,
  })
  .map(
    (parts) =>
      parts
        .flat()
        .join("")
        .replace(/\*{3,}/g, "**") || "**",
  );

/** The capabilities that drawn policies declare, each with its operations. */
export const DECLARED = { database: ["query", "write"], "queue.jobs": ["push"] };

export type RuleDocument = Record<string, unknown> & { effect: "allow" | "deny" };

const parts = {
  filesystem: ["paths", arbPathPattern, ["read", "write", "list", "stat", "remove"]],
  network: ["hosts", arbHostPattern, ["connect"]],
  subprocess: ["commands", arbCommandScope, ["exec"]],
  import: ["modules", fc.oneof(arbModule, fc.constant("*")), ["load"]],
  tool: ["tools", arbToolPattern, ["call"]],
  random: [undefined, fc.constant(""), ["read"]],
  database: ["targets", arbTargetPattern, DECLARED.database],
  "queue.jobs": ["targets", arbTargetPattern, DECLARED["queue.jobs"]],
} as const;

/** A rule without an id; `arbRules` gives them out. */
export const arbRule: fc.Arbitrary<RuleDocument> = fc
  .constantFrom(...(Object.keys(parts) as (keyof typeof parts)[]))
  .chain((capability) => {
    const [key, pattern, operations] = parts[capability];
    return fc
      .record({
        effect: fc.constantFrom("allow" as const, "allow" as const, "deny" as const),
        operations: fc.option(fc.subarray<string>([...operations], { minLength: 1 })),
        patterns: fc.array<unknown>(pattern, { minLength: 1, maxLength: 3 }),
        scopeless: fc.boolean(),
      })
      .map(({ effect, operations, patterns, scopeless }) => ({
        effect,
        capability,
        ...(operations === null ? {} : { operations }),
        ...(key === undefined || (effect === "deny" && scopeless) ? {} : { [key]: patterns }),
      }));
  });

export const arbRules = fc.array(arbRule, { maxLength: 6 });

/** Mostly targets of one kind, now and then text that names none: a policy decides on that too. */
const orMalformed = (arbTarget: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 9, arbitrary: arbTarget },
    {
      weight: 1,
      arbitrary: fc.constantFrom("", "a", "crm.", "a.__proto__", "then", "/a/../b", "a\0"),
    },
  );

export const arbRequest = fc.oneof(
  fc.record({
    capability: fc.constant("filesystem" as const),
    operation: fc.constantFrom("read", "write", "list", "stat", "remove"),
    target: orMalformed(arbPath),
  }),
  fc.record({
    capability: fc.constant("network" as const),
    operation: fc.constant("connect"),
    target: orMalformed(arbEndpoint),
  }),
  fc.record({
    capability: fc.constant("subprocess" as const),
    operation: fc.constant("exec"),
    target: orMalformed(arbCommand),
    args: arbArguments,
  }),
  fc.record({
    capability: fc.constant("subprocess" as const),
    operation: fc.constant("exec"),
    target: orMalformed(arbCommand),
  }),
  fc.record({
    capability: fc.constant("import" as const),
    operation: fc.constant("load"),
    target: orMalformed(arbModule),
  }),
  fc.record({
    capability: fc.constant("tool" as const),
    operation: fc.constant("call"),
    target: orMalformed(arbTool),
  }),
  fc.record({
    capability: fc.constant("random" as const),
    operation: fc.constant("read"),
    target: fc.constant(""),
  }),
  fc.record({
    capability: fc.constant("database"),
    operation: fc.constantFrom("query", "write"),
    target: orMalformed(arbTarget),
  }),
  fc.record({
    capability: fc.constant("queue.jobs"),
    operation: fc.constant("push"),
    target: orMalformed(arbTarget),
  }),
) as fc.Arbitrary<Request>;

export function policyOf(rules: readonly RuleDocument[]): Policy {
  return parsePolicy({
    version: 1,
    name: "drawn",
    capabilities: DECLARED,
    rules: rules.map((rule, index) => ({ id: `r${index}`, ...rule })),
  });
}
