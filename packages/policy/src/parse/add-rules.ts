import { isMap, isSeq, parseDocument, stringify, type YAMLSeq } from "yaml";

import type { RuleToAdd } from "../explain/explanation.ts";
import { parsePolicy } from "./parse.ts";
import { withRules } from "./with-rules.ts";

/**
 * Adds rules to the text of a policy, after its own. The rest of the text, with its comments, stays as it is; only a text in JSON is
 * written anew. Lines end as the text's first line does.
 *
 * @throws InvalidPolicyError if the text is not a policy, or would not be one with the rules.
 * @throws Error if the text is written so that rules cannot be added to it, such as `rules: *alias`.
 */
export function addRules(text: string, rules: readonly RuleToAdd[]): string {
  const wanted = withRules(parsePolicy(text), rules);
  const added = isJson(text) ? inJson(text, rules) : inYaml(text, rules);
  // Whatever the text looks like, what is written is what was meant, or nothing is.
  if (added === undefined || parsePolicy(added).hash !== wanted.hash) {
    throw new Error(
      "the policy is written so that rules cannot be added to its text; add them by hand",
    );
  }
  return added;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function inJson(text: string, rules: readonly RuleToAdd[]): string {
  const document = JSON.parse(text) as { rules: unknown[] };
  const indent = /^[{[]\s*\n([ \t]+)/.exec(text)?.[1] ?? 2;
  document.rules.push(...rules);
  const written = JSON.stringify(document, undefined, indent) + (text.endsWith("\n") ? "\n" : "");
  return written.replaceAll("\n", lineEndOf(text));
}

function inYaml(text: string, rules: readonly RuleToAdd[]): string | undefined {
  const { contents } = parseDocument(text);
  const list = isMap(contents) ? contents.get("rules", true) : undefined;
  if (!isSeq(list) || list.range === null || list.range === undefined) return undefined;
  const written = rules.map((rule) =>
    stringify(rule, {
      collectionStyle: "flow",
      lineWidth: 0,
      flowCollectionPadding: true,
    }).trimEnd(),
  );
  return list.flow === true
    ? inBrackets(text, list.range[1], written)
    : inLines(text, list, written);
}

/** @param end Where the list ends, behind its bracket. */
function inBrackets(text: string, end: number, written: readonly string[]): string {
  const before = text.slice(0, end - 1).trimEnd();
  const comma = before.endsWith("[") || before.endsWith(",") ? "" : ",";
  return `${before}${comma} ${written.join(", ")} ${text.slice(end - 1)}`;
}

function inLines(text: string, { items }: YAMLSeq, written: readonly string[]): string | undefined {
  const [start, end] = [rangeOf(items[0])?.[0], rangeOf(items.at(-1))?.[1]];
  if (start === undefined || end === undefined) return undefined;
  const dash = text.lastIndexOf("-", start - 1);
  const column = dash - (text.lastIndexOf("\n", dash) + 1);
  const lineEnd = lineEndOf(text);
  const lines = written.map((each) => `${" ".repeat(column)}- ${each}${lineEnd}`).join("");
  // The line on which the last rule ends may go on with a comment.
  const line = text[end - 1] === "\n" ? end : text.indexOf("\n", end) + 1;
  return line === 0 ? `${text}${lineEnd}${lines}` : text.slice(0, line) + lines + text.slice(line);
}

function lineEndOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? "\n";
}

function rangeOf(node: unknown): readonly number[] | undefined {
  return typeof node === "object" && node !== null && "range" in node
    ? (node.range as readonly number[])
    : undefined;
}
