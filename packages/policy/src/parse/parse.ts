import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

import { isBuiltIn, type OwnCapabilities, operationsOf } from "../capabilities.ts";
import { compilePolicy, isCompiled } from "../compile.ts";
import { MAX_DOCUMENT_BYTES, type PolicyText, readYaml } from "./read-yaml.ts";
import { bounded, InvalidPolicyError, type PolicyIssue } from "../errors.ts";
import { inWords, isThenable } from "../describe-value.ts";
import { LIMIT_NAMES, LIMITS } from "../limits.ts";
import { check } from "./validate.ts";
import { plainData } from "./plain-data.ts";
import type { Limits, Policy, Rule } from "../policy.ts";
import { notesOf } from "../rule-notes.ts";
import type { PolicyDocument } from "./document.ts";
import { cleanText } from "../clean-text.ts";

/**
 * Checks and compiles a policy, given as an object or as YAML or JSON text. A policy that is already compiled is returned
 * unchanged.
 *
 * @throws InvalidPolicyError for any other input; it lists every mistake.
 */
export function parsePolicy(input: unknown): Policy {
  return isCompiled(input) ? input : parse(input);
}

/**
 * Reads, checks and compiles a policy file of YAML or JSON, at most 2 MiB of UTF-8.
 *
 * @throws InvalidPolicyError with the file's name in its message. If the file cannot be read, its `cause` is the reason.
 */
export async function loadPolicy(path: string): Promise<Policy> {
  const source = typeof path === "string" ? cleanText(path, 512) : typeof path;
  let bytes: Buffer;
  try {
    bytes = await readBounded(path);
  } catch (error) {
    const why = error instanceof Error ? cleanText(error.message, 300) : "unknown error";
    const unread = new InvalidPolicyError(
      [{ path: "", message: `cannot be read: ${why}` }],
      source,
    );
    unread.cause = error;
    throw unread;
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InvalidPolicyError(
      [{ path: "", message: "is not UTF-8 text; save it as UTF-8" }],
      source,
    );
  }
  return parse(text, source);
}

function parse(input: unknown, source?: string): Policy {
  const {
    data,
    issues: unreadable,
    lines,
  } = typeof input === "string" ? readYaml(input) : readValue(input);
  if (unreadable.length > 0) throw new InvalidPolicyError(unreadable, source);
  const checked = check(data, lines);
  if (checked.document === undefined) throw new InvalidPolicyError(checked.issues, source);
  const policy = policyOf(checked.document, checked.warnings);
  compilePolicy(policy);
  return policy;
}

/** Reads an object that a caller gave. */
function readValue(input: unknown): Omit<PolicyText, "lines"> & { lines?: never } {
  const issues: PolicyIssue[] = [];
  // Bytes and promises get messages of their own, because they are likely mistakes.
  const isSlip = ArrayBuffer.isView(input) || isThenable(input);
  if (typeof input !== "object" || input === null || isSlip) {
    issues.push({
      path: "",
      message: `a policy is an object, or YAML or JSON text; this is ${inWords(input)}`,
    });
    return { data: undefined, issues };
  }
  const data = plainData(input, (path, message) => {
    issues.push({ path: cleanText(path.join("."), 200), message });
  });
  return { data, issues: bounded(issues) };
}

function policyOf(document: PolicyDocument, warnings: readonly PolicyIssue[]): Policy {
  // Sorted and without repeats, because their order means nothing.
  const capabilities: OwnCapabilities = Object.fromEntries(
    Object.entries(document.capabilities ?? {})
      .filter(([name]) => !isBuiltIn(name))
      .map(([name, operations]) => [name, [...new Set(operations)].toSorted()]),
  );
  const rules = document.rules.map((rule): Rule => {
    const operations = operationsOf(rule.capability, capabilities) ?? [];
    const named: readonly string[] | undefined = rule.operations;
    // Sort in the vocabulary's order without repeats, so that equal rules have equal content and one hash.
    return {
      ...rule,
      operations:
        named === undefined ? [...operations] : operations.filter((own) => named.includes(own)),
    };
  });
  const limits = Object.fromEntries(
    LIMIT_NAMES.map((name) => [LIMITS[name].field, document.limits[name]]),
  ) as unknown as Limits;
  const { version, name } = document;
  // Left out where none are declared, so that such a policy has the hash that it had before there were any.
  const declared = Object.keys(capabilities).length === 0 ? {} : { capabilities };
  const notes = defaultNotes(document.default);
  const content = canonicalJson({ version, name, ...declared, ...notes, rules, limits });
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 16);
  const policy = { version, name, capabilities, ...notes, rules, limits, hash };
  // Not enumerable: warnings tell of the text, with its lines, and policies of equal content shall compare equal.
  Object.defineProperty(policy, "warnings", { value: freeze(warnings) });
  return freeze(policy as typeof policy & Pick<Policy, "warnings">);
}

/** `default: deny` says nothing that is not so without it, and leaves the hash as it is. */
function defaultNotes(written: PolicyDocument["default"]): Pick<Policy, "default"> {
  const notes = typeof written === "object" ? notesOf(written) : {};
  return Object.keys(notes).length === 0 ? {} : { default: notes };
}

/** JSON with sorted keys and all defaults, so that equal content gives equal text. */
function canonicalJson(content: object): string {
  return JSON.stringify(content, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)),
        )
      : value,
  );
}

function freeze<T extends object>(value: T): T {
  for (const part of Object.values(value) as unknown[]) {
    if (typeof part === "object" && part !== null) freeze(part);
  }
  return Object.freeze(value);
}

/** Reads at most one byte more than is allowed. A longer text is then refused for its length, even from an endless device. */
async function readBounded(path: string): Promise<Buffer> {
  // No `await using`: Node 22 has no such declaration.
  const file = await open(path, "r");
  try {
    const buffer = Buffer.alloc(MAX_DOCUMENT_BYTES + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await file.close();
  }
}
