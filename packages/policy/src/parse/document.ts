import { z } from "zod";

import { LIMITS, type LimitName } from "../limits.ts";
import { HOSTILE_CHARACTERS } from "../clean-text.ts";
import {
  ANY_DECLARATIONS,
  ANY_NAMES,
  type Declarations,
  type Declared,
  declarations,
  namesOf,
} from "./own-capabilities.ts";
import { Default } from "./notes-schema.ts";
import { BUILT_IN_RULES, ownRule } from "./schema.ts";

/** Most rules in a policy. */
const MAX_RULES = 10_000;

const NAME = new RegExp(`^(?! )[^${HOSTILE_CHARACTERS}]{1,128}(?<! )$`, "u");

/** The schema of one limit: a whole number between its bounds. */
const limit = (name: LimitName) => {
  const { default: usual, min, max, unit, bounds } = LIMITS[name];
  return z.int().min(min).max(max).default(usual).describe(`${unit}. Bounds ${bounds}.`);
};

type RuleDocument = z.output<(typeof BUILT_IN_RULES)[number] | ReturnType<typeof ownRule>>;

const policyDocument = (rule: z.ZodType<RuleDocument>, capabilities: z.ZodType<Declarations>) =>
  z
    .strictObject({
      $schema: z
        .string()
        .exactOptional()
        .describe("Where editors find this schema; means nothing to the policy."),
      version: z.literal(1),
      name: z
        .string()
        .regex(NAME, {
          error: "must be 1 to 128 visible characters, without a space at either end",
        })
        .describe("Names the policy in events."),
      capabilities: capabilities.exactOptional(),
      default: Default,
      rules: z.array(rule).max(MAX_RULES),
      limits: z
        .strictObject({
          cpu_ms: limit("cpu_ms"),
          wall_ms: limit("wall_ms"),
          memory_mib: limit("memory_mib"),
          calls: limit("calls"),
          output_bytes: limit("output_bytes"),
        })
        .prefault({}),
    })
    .meta({
      title: "pyisolate policy",
      description: "What the guests of a sandbox may do. Everything that no rule allows is denied.",
    });

export type PolicyDocument = z.output<ReturnType<typeof policyDocument>>;

const NOTHING_DECLARED = documentWith(new Map());

/** The last schema that was made: to make one takes longer than to use it, and a service has one policy, which it explains often. */
let last = { key: "", schema: NOTHING_DECLARED };

/** The schema of a policy as an author writes it, for a document that declares these capabilities. */
export function schemaWith(declared: Declared): typeof NOTHING_DECLARED {
  if (declared.size === 0) return NOTHING_DECLARED;
  const key = JSON.stringify([...declared]);
  if (key !== last.key) last = { key, schema: documentWith(declared) };
  return last.schema;
}

function documentWith(declared: Declared) {
  const own = namesOf(declared).map(ownRule);
  const rule = z.discriminatedUnion("capability", [...BUILT_IN_RULES, ...own]);
  return policyDocument(rule, declarations(declared));
}

/** The same for any document, from which the JSON Schema for editors is generated. */
export const AnyDocument = policyDocument(
  z.xor([...BUILT_IN_RULES, ownRule(ANY_NAMES)]),
  ANY_DECLARATIONS,
);
