import { Composer, type Document, Lexer, type LineCounter, Parser } from "yaml";

import { MAX_DEPTH } from "./plain-data.ts";
import { cleanText, quoted } from "../clean-text.ts";

/** Most tokens that are read: twice as many as 10,000 rules have, and about two seconds of reading. */
const MAX_LEXEMES = 1_200_000;

/** Control characters that the parser's lexer puts between tokens: a document begins, a flow ends, a scalar follows. */
const MARKS: ReadonlySet<string> = new Set(["\u0002", "\u0018", "\u001f"]);
const SCALAR_FOLLOWS = "\u001f";

type Problem = (at: number, message: string) => void;

/**
 * Parses the single document of a YAML text. Reports text that is not YAML 1.2, and features by which YAML adds something that
 * the author did not write: tags, directives, further documents.
 *
 * @throws RangeError if the text is nested too deeply.
 */
export function composeYaml(
  text: string,
  counter: LineCounter,
  problem: Problem,
): Document | undefined {
  // The reader checks for duplicate keys: the composer would compare each key with each other.
  const composer = new Composer({ lineCounter: counter, prettyErrors: false, uniqueKeys: false });
  const [document, second] = composer.compose(tokens(text, counter, problem), true, text.length);
  for (const { code, pos, message } of document === undefined
    ? []
    : [...document.errors, ...document.warnings]) {
    // The parser sometimes reports an exhausted stack as an error instead of throwing it.
    if (message.endsWith("Maximum call stack size exceeded")) throw new RangeError(message);
    if (code !== "TAG_RESOLVE_FAILED") problem(pos[0], inWords(text, pos[0], message));
  }
  if (second !== undefined) {
    problem(
      second.range[0],
      "a second document begins here; a policy is one document: leave out what follows, or the line of dashes before it",
    );
  }
  return document;
}

function* tokens(
  text: string,
  counter: LineCounter,
  problem: Problem,
): ReturnType<Parser["parse"]> {
  const parser = new Parser(counter.addNewLine);
  counter.addNewLine(0);
  let at = 0;
  let left = MAX_LEXEMES;
  let depth = 0;
  let isScalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    left -= 1;
    if (left < 0) {
      problem(at, `more than ${MAX_LEXEMES} words, signs and spaces; split the policy`);
      return;
    }
    if (!isScalar) {
      if (lexeme === "[" || lexeme === "{") depth += 1;
      if (lexeme === "]" || lexeme === "}") depth -= 1;
      if (depth > MAX_DEPTH) throw new RangeError("too deep");
      if (lexeme.startsWith("!")) problem(at, tagMistake(lexeme));
      if (lexeme.startsWith("%") && !/^%YAML 1\.2\s*$/.test(lexeme)) {
        problem(
          at,
          `has a directive, ${quoted(lexeme)}; leave it out: a policy is YAML 1.2 without tags`,
        );
      }
    }
    isScalar = lexeme === SCALAR_FOLLOWS;
    if (!MARKS.has(lexeme)) at += lexeme.length;
    yield* parser.next(lexeme);
  }
  yield* parser.end();
}

function tagMistake(tag: string): string {
  return `has a tag, ${quoted(tag)}, and tags are not read; leave it out, or put text that begins with ! in quotes`;
}

/** What to write instead, where the parser's message cites a YAML rule that the author did not think of. */
function inWords(text: string, at: number, message: string): string {
  const written = plainAt(text, at);
  if (/^[*@`%&|>]/.test(written) && /alias|reserved|block scalar|anchor/i.test(message)) {
    return inQuotes(written);
  }
  const address = UNQUOTED_ADDRESS.exec(lineAt(text, at))?.[1];
  if (address !== undefined) return inQuotes(address);
  const hint = HINTS.find(([words]) => words.test(message))?.[1];
  return `not valid YAML: ${cleanText(message, 200)}${hint === undefined ? "" : `; ${hint}`}`;
}

/** Matches `[::1]:443`, which YAML reads as a list with text after it. */
const UNQUOTED_ADDRESS = /[\s[,](\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\](?:\/[0-9]+)?:(?:[0-9]+|\*))/;

/** Hints by the parser's message. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/tab/i, "indent with spaces"],
  [
    /nested mappings|implicit key|compact mapping/i,
    'put text that holds ": " in quotes, and begin each key in the column of the others',
  ],
  [/indicator|same column|at node end/i, "begin each key of a rule in the column of its first key"],
  [/end with a|closing|missing/i, "something that was opened before is not closed"],
];

/** The hint for a text that begins with a character which has a meaning in YAML. */
export function inQuotes(written: string): string {
  return `text that begins with ${written.charAt(0)} must be in quotes; write ${quoted(written)}`;
}

/** The word at a position of the text, up to the next separator. */
function plainAt(text: string, at: number): string {
  return /^[^\s,[\]{}]*/.exec(text.slice(at, at + 200))?.[0] ?? "";
}

function lineAt(text: string, at: number): string {
  const start = text.lastIndexOf("\n", Math.max(0, at - 1)) + 1;
  const end = text.indexOf("\n", at);
  return text.slice(start, Math.min(end < 0 ? text.length : end, start + 1000));
}
