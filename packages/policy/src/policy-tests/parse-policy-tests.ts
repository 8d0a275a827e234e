import { z } from "zod";

import { bounded, type PolicyIssue } from "../errors.ts";
import { commandLine, readCommandLine } from "../match/command-line.ts";
import { at } from "../parse/data-at.ts";
import { didYouMean } from "../parse/did-you-mean.ts";
import { issueMessage } from "../parse/issue-message.ts";
import { mostSpecific } from "../parse/most-specific.ts";
import { type Path, type PlainData, plainData } from "../parse/plain-data.ts";
import { lineOf, type Lines, readYaml } from "../parse/read-yaml.ts";
import { spell } from "../parse/spell.ts";
import type { Request } from "../request.ts";
import { cleanText, quoted } from "../clean-text.ts";
import { OPERATIONS } from "../vocabulary.ts";
import type { PolicyTest } from "./policy-test.ts";

/** Tests of a policy that cannot be read. Lists every mistake. */
export class InvalidPolicyTestsError extends Error {
  readonly issues: readonly PolicyIssue[];

  constructor(issues: readonly PolicyIssue[]) {
    const list = issues.map(
      ({ path, line, message }) =>
        `  ${line === undefined ? "" : `line ${line}: `}${path === "" ? "" : `${path}: `}${message}`,
    );
    super(`Invalid policy tests:\n${list.join("\n")}`);
    this.issues = Object.freeze(issues.map((issue) => Object.freeze({ ...issue })));
  }

  override get name(): string {
    return "InvalidPolicyTestsError";
  }
}

/** Most tests in one file. */
const MAX_TESTS = 10_000;

const Document = z.strictObject({
  tests: z
    .array(
      z.strictObject({
        name: z.string().min(1, "is empty").max(200).exactOptional(),
        request: z
          .strictObject({
            capability: z.string(),
            operation: z.string().exactOptional(),
            target: z.string().exactOptional(),
            args: z.array(z.string()).max(1000).exactOptional(),
          })
          .refine(({ capability, args }) => args === undefined || capability === "subprocess", {
            path: ["args"],
            message: "only a command has arguments: leave args out, or test subprocess",
          }),
        effect: z.enum(["allow", "deny"]),
        rule: z.string().exactOptional(),
      }),
    )
    .min(1, "is empty; write a test")
    .max(MAX_TESTS),
});

/**
 * Reads tests of a policy, given as an object or as YAML or JSON text: `tests`, a list of `{ name?, request, effect, rule? }`. A
 * request is `{ capability, operation, target }`; the operation may be left out if its capability has only one. A command's arguments
 * are `args`, or stand in the target as a record shows them.
 *
 * @throws InvalidPolicyTestsError that lists every mistake.
 */
export function parsePolicyTests(input: unknown): readonly PolicyTest[] {
  const { data, issues, lines } = typeof input === "string" ? readYaml(input) : readValue(input);
  if (issues.length > 0) throw new InvalidPolicyTestsError(issues);
  const line = (path: Path): { readonly line?: number } =>
    lines === undefined ? {} : { line: lineOf(data, lines, path) };
  const result = Document.safeParse(data);
  if (!result.success) {
    const found = [...mostSpecific(result.error.issues)].flatMap((issue): PolicyIssue[] => {
      const path = issue.path as Path;
      const messages =
        issue.code === "unrecognized_keys"
          ? issue.keys.map((key) => unknownKey(key, path))
          : [issueMessage(issue, at(data, path), [])];
      return messages.map((message) => ({ path: spell(path), ...line(path), message }));
    });
    throw new InvalidPolicyTestsError(bounded(found));
  }
  return result.data.tests.map(({ name, request, effect, rule }, index) => {
    const { capability, operation = onlyOperation(capability), target = "", args } = request;
    const shown = args === undefined ? target : commandLine(target, args);
    return {
      name: name ?? cleanText(`${capability} ${operation} ${shown}`.trimEnd(), 300),
      request: { capability, operation, ...askedOn(capability, target, args) },
      effect,
      ...(rule !== undefined && { rule }),
      ...line(["tests", index]),
    };
  });
}

/** What a request is on: a command with its arguments, which without `args` stand in the target as in a record. */
function askedOn(
  capability: string,
  target: string,
  args: readonly string[] | undefined,
): Pick<Request, "target" | "args"> {
  if (capability !== "subprocess") return { target };
  const command = args === undefined ? readCommandLine(target) : { path: target, args };
  return command === undefined ? { target } : { target: command.path, args: command.args };
}

const KEYS = {
  document: ["tests"],
  test: ["name", "request", "effect", "rule"],
  request: ["capability", "operation", "target", "args"],
};

function unknownKey(key: string, path: Path): string {
  const known =
    path.length === 0 ? KEYS.document : path.at(-1) === "request" ? KEYS.request : KEYS.test;
  const near = didYouMean(key, known);
  const meant = near === undefined ? "" : `; did you mean "${near}"?`;
  return `unknown key ${quoted(key)}${meant} (known: ${known.join(", ")})`;
}

/** The operation of a capability that has only one; else the empty text, which no policy knows. */
function onlyOperation(capability: string): string {
  if (!Object.hasOwn(OPERATIONS, capability)) return "";
  const operations: readonly string[] = OPERATIONS[capability as keyof typeof OPERATIONS];
  return operations.length === 1 ? (operations[0] ?? "") : "";
}

function readValue(input: unknown): {
  data: PlainData | undefined;
  issues: readonly PolicyIssue[];
  lines?: Lines;
} {
  const issues: PolicyIssue[] = [];
  const data = plainData(input, (path, message) => {
    issues.push({ path: cleanText(path.join("."), 200), message });
  });
  return { data, issues: bounded(issues) };
}
