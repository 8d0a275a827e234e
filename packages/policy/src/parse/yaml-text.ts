import { Composer, type Document, Lexer, type LineCounter, Parser } from "yaml";

import { MAX_DEPTH } from "./plain-data.ts";
import { cleanText, quoted } from "../text.ts";

/** Most pieces of syntax that are read: twice what 10,000 rules have, and what is read in about two seconds. */
const MAX_LEXEMES = 1_200_000;

/** What the parser's lexer puts between the pieces of a text: that a document begins, that a flow ends, that a scalar follows. */
const MARKS: ReadonlySet<string> = new Set(["\u0002", "\u0018", "\u001f"]);
const SCALAR_FOLLOWS = "\u001f";

type Problem = (at: number, message: string) => void;

/**
 * The one document of a YAML text. Told as problems: what is not YAML 1.2, and what YAML adds to a text that its writer
 * did not write: tags, directives, further documents.
 *
 * @throws RangeError where the text is nested too deeply to be read.
 */
export function composeYaml(
  text: string,
  counter: LineCounter,
  problem: Problem,
): Document | undefined {
  // Duplicate keys are looked for by the reader: the composer compares each key with each.
  const composer = new Composer({ lineCounter: counter, prettyErrors: false, uniqueKeys: false });
  const [document, second] = composer.compose(tokens(text, counter, problem), true, text.length);
  for (const { code, pos, message } of document === undefined
    ? []
    : [...document.errors, ...document.warnings]) {
    // The parser reports an exhausted stack where it does not throw.
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

/** What to write instead, where the parser's words speak of a rule of YAML that the writer did not think of. */
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

/** `[::1]:443`, which YAML reads as a list and something after it. */
const UNQUOTED_ADDRESS = /[\s[,](\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\](?:\/[0-9]+)?:(?:[0-9]+|\*))/;

/** What the parser says, and what to do about it. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/tab/i, "indent with spaces"],
  [
    /nested mappings|implicit key|compact mapping/i,
    'put text that holds ": " in quotes, and begin each key in the column of the others',
  ],
  [/indicator|same column|at node end/i, "begin each key of a rule in the column of its first key"],
  [/end with a|closing|missing/i, "something that was opened before is not closed"],
];

/** For text that begins with a character that means something else in YAML. */
export function inQuotes(written: string): string {
  return `text that begins with ${written.charAt(0)} must be in quotes; write ${quoted(written)}`;
}

/** The word that stands at a place of a text, without what separates it from the next. */
function plainAt(text: string, at: number): string {
  return /^[^\s,[\]{}]*/.exec(text.slice(at, at + 200))?.[0] ?? "";
}

function lineAt(text: string, at: number): string {
  const start = text.lastIndexOf("\n", Math.max(0, at - 1)) + 1;
  const end = text.indexOf("\n", at);
  return text.slice(start, Math.min(end < 0 ? text.length : end, start + 1000));
}
