import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import { parse } from "yaml";
import { z } from "zod";

import { InvalidPolicyError } from "./errors.ts";
import type { Limits, Policy, Rule } from "./policy.ts";
import { type Operation, OPERATIONS } from "./vocabulary.ts";

const PolicyDocument = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1).max(128),
  rules: z.array(
    z.strictObject({
      id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
      effect: z.enum(["allow", "deny"]),
      capability: z.enum(["filesystem", "network", "subprocess", "random", "import"]),
      operations: z.array(z.string()).min(1).optional(),
      paths: z.array(z.string()).min(1).optional(),
      hosts: z.array(z.string()).min(1).optional(),
      commands: z.array(z.string()).min(1).optional(),
      modules: z.array(z.string()).min(1).optional(),
    }),
  ),
  limits: z
    .strictObject({
      cpu_ms: z.int().positive().default(1000),
      wall_ms: z.int().positive().default(5000),
      memory_mib: z.int().positive().default(64),
      calls: z.int().positive().default(100_000),
      output_bytes: z.int().positive().default(1_048_576),
    })
    .prefault({}),
});

const parsed = new WeakSet<object>();

/** Checks a policy given as an object, or as YAML or JSON text. */
export function parsePolicy(input: unknown): Policy {
  if (typeof input === "object" && input !== null && parsed.has(input)) return input as Policy;
  let document: unknown = input;
  if (typeof input === "string") {
    try {
      document = parse(input);
    } catch (error) {
      throw new InvalidPolicyError([{ path: "", message: String(error) }]);
    }
  }
  const result = PolicyDocument.safeParse(document);
  if (!result.success) {
    throw new InvalidPolicyError(
      result.error.issues.map(({ path, message }) => ({ path: path.join("."), message })),
    );
  }
  const rules = result.data.rules.map((rule) =>
    Object.freeze({ ...rule, operations: (rule.operations ?? OPERATIONS[rule.capability]) as Operation[] }),
  ) as Rule[];
  const given = result.data.limits;
  const limits: Limits = {
    cpuMs: given.cpu_ms,
    wallMs: given.wall_ms,
    memoryMib: given.memory_mib,
    calls: given.calls,
    outputBytes: given.output_bytes,
  };
  const body = { version: 1 as const, name: result.data.name, rules, limits };
  const hash = createHash("sha256").update(JSON.stringify(body)).digest("hex").slice(0, 16);
  const policy = Object.freeze({ ...body, limits: Object.freeze(limits), rules: Object.freeze(rules), hash });
  parsed.add(policy);
  return policy;
}

/** Reads and checks a policy file. */
export async function loadPolicy(path: string): Promise<Policy> {
  return parsePolicy(await readFile(path, "utf8"));
}
