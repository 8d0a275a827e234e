import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Scalar } from "yaml";

import { bounded, type PolicyIssue } from "../errors.ts";
import {
  emptyObject,
  MAX_CHARACTERS,
  MAX_DEPTH,
  MAX_VALUES,
  type Path,
  type PlainData,
  type PlainObject,
} from "./plain-data.ts";
import { quoted } from "../clean-text.ts";
import { composeYaml, inQuotes } from "./yaml-text.ts";

/** Most mistakes of YAML syntax that are reported. Text that is not YAML has one on each line. */
const MAX_PROBLEMS = 100;

/** Longest policy text, in bytes of UTF-8: 10,000 rules of two hundred characters. */
export const MAX_DOCUMENT_BYTES = 2_097_152;

/** A policy text as plain data, with the line of each value. */
export interface PolicyText {
  readonly data: PlainData | undefined;
  readonly lines: Lines;
  /** Mistakes of YAML syntax. If there are any, the data may be wrong elsewhere too. */
  readonly issues: readonly PolicyIssue[];
}

/** For each object and array of a document: the line of each of its keys or items. */
export type Lines = WeakMap<object, Map<string | number, number>>;

/** Parses YAML 1.2, which includes JSON. Never throws. */
export function readYaml(text: string): PolicyText {
  const lines: Lines = new WeakMap();
  const issues: PolicyIssue[] = [];
  if (text.length > MAX_DOCUMENT_BYTES || Buffer.byteLength(text) > MAX_DOCUMENT_BYTES) {
    issues.push({ path: "", message: `longer than ${MAX_DOCUMENT_BYTES} bytes; split the policy` });
    return { data: undefined, lines, issues };
  }
  const counter = new LineCounter();
  const problem = (at: number, message: string): void => {
    const line = Math.max(1, counter.linePos(at).line);
    // Report one mistake a line: further ones on the line mostly follow from the first.
    if (issues.some((issue) => issue.line === line)) return;
    if (issues.length < MAX_PROBLEMS) issues.push({ path: "", line, message });
  };
  try {
    const document = composeYaml(text, counter, problem);
    if (issues.length > 0 || document === undefined) {
      return { data: undefined, lines, issues: bounded(issues) };
    }
    const data = new Reader(counter, lines, problem).read(document.contents, 0);
    return { data, lines, issues: bounded(issues) };
  } catch {
    // The parser recurses, so thousands of indentations exhaust its stack.
    const message = "nested too deeply to be read; a policy needs 4 levels";
    return { data: undefined, lines, issues: [{ path: "", line: 1, message }] };
  }
}

/** The line of a path; if the text does not have the path, the line of its deepest part that the text has. */
export function lineOf(data: PlainData | undefined, lines: Lines, path: Path): number {
  let line = 1;
  let value: unknown = data;
  for (const key of path) {
    if (typeof value !== "object" || value === null) break;
    const next = lines.get(value)?.get(key);
    if (next === undefined) break;
    line = next;
    value = (value as Record<string | number, unknown>)[key];
  }
  return line;
}

/** Converts the parser's nodes to plain data. The parser's own conversion loses lines, and lets aliases multiply. */
class Reader {
  #budget = MAX_VALUES;
  #characters = MAX_CHARACTERS;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  readonly #counter: LineCounter;
  readonly #lines: Lines;
  readonly #problem: (at: number, message: string) => void;

  constructor(counter: LineCounter, lines: Lines, problem: (at: number, message: string) => void) {
    this.#counter = counter;
    this.#lines = lines;
    this.#problem = problem;
  }

  read(given: unknown, depth: number): PlainData | undefined {
    const node = this.#resolve(given as Node | null);
    if (node === undefined) return undefined;
    this.#budget -= 1;
    if (this.#budget === 0)
      this.#problem(
        start(node),
        `more than ${MAX_VALUES} values, aliases counted as often as used`,
      );
    if (this.#budget <= 0) return undefined;
    if (node === null) return null;
    if (isScalar(node)) {
      if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
      return this.#scalar(node);
    }
    if (depth >= MAX_DEPTH || this.#open.has(node)) {
      this.#problem(start(node), `nested deeper than ${MAX_DEPTH} levels`);
      return undefined;
    }
    this.#open.add(node);
    const data = isSeq(node) ? this.#array(node.items, depth) : this.#object(node, depth);
    this.#open.delete(node);
    return data;
  }

  /** Resolves an alias. Anchors are recorded in the order of the text, because a later node may reuse a name. */
  #resolve(node: Node | null): Node | null | undefined {
    if (!isAlias(node)) {
      if (node !== null && "anchor" in node && typeof node.anchor === "string") {
        this.#anchors.set(node.anchor, node);
      }
      return node;
    }
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      this.#problem(
        start(node),
        /^[\w-]+$/.test(node.source)
          ? `alias ${quoted(node.source)} has no anchor before it; if it is text, put it in quotes: ${quoted(`*${node.source}`)}`
          : inQuotes(`*${node.source}`),
      );
    }
    return target;
  }

  #array(items: readonly unknown[], depth: number): PlainData[] {
    const array: PlainData[] = [];
    const lines = new Map<string | number, number>();
    this.#lines.set(array, lines);
    for (const [index, item] of items.entries()) {
      lines.set(index, this.#line(item as Node | null));
      array.push(this.read(item, depth + 1) ?? null);
      if (this.#budget <= 0) break;
    }
    return array;
  }

  #object(node: Node, depth: number): PlainObject {
    const object = emptyObject();
    const lines = new Map<string | number, number>();
    this.#lines.set(object, lines);
    for (const { key, value } of isMap(node) ? node.items : []) {
      const resolved = this.#resolve(key as Node | null);
      if (!isScalar(resolved)) {
        this.#problem(
          start(key as Node | null),
          "a key must be a word; put text that begins with [ or { in quotes",
        );
        continue;
      }
      const name = String(resolved.value);
      if (name === "<<" && resolved.type === "PLAIN") {
        this.#problem(
          start(key as Node),
          'has a merge key, "<<", which YAML 1.2 does not have; write the keys of each rule out (a list may be used again: paths: &both [...], then paths: *both)',
        );
        continue;
      }
      const line = this.#line(key as Node);
      const first = lines.get(name);
      if (first !== undefined) {
        this.#problem(
          start(key as Node),
          `key ${quoted(name)} is there twice, first in line ${first}; keep one`,
        );
        continue;
      }
      lines.set(name, line);
      const read = this.read(value, depth + 1);
      if (read !== undefined) object[name] = read;
      if (this.#budget <= 0) break;
    }
    return object;
  }

  #scalar({ value, range }: Scalar): PlainData {
    // The core schema makes no other types. If a parser ever does, no field with a meaning accepts this text.
    if (value === null || typeof value === "boolean" || typeof value === "number") return value;
    const text = typeof value === "string" ? value : `a ${typeof value}`;
    this.#characters -= text.length;
    if (this.#characters >= 0) return text;
    this.#problem(
      range?.[0] ?? 0,
      `more than ${MAX_CHARACTERS} characters of text in all, aliases counted as often as used`,
    );
    this.#budget = 0;
    return null;
  }

  #line(node: Node | null): number {
    return Math.max(1, this.#counter.linePos(start(node)).line);
  }
}

function start(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}
