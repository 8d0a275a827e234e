import { KeyedTexts } from "./keyed-texts.ts";

/**
 * Most characters of a text by which patterns are told apart. It bounds the lookups for each segment, whatever the patterns are.
 */
const MAX_KEY = 32;
/** Most patterns under one start or end that are tried one by one, before a text in their middle is looked for. */
const FEW = 8;

interface Starred<T> {
  /** The texts between the stars. The first stands at the segment's start, the last at its end. */
  readonly literals: readonly string[];
  readonly value: T;
  /** The number of the last lookup that tried it. */
  tried: number;
}

/** Segments with a `*`, such as `*.csv`, `report-*` or `*-eu-*`, indexed by their start, their end or a text between. */
export class StarredSegments<T> {
  readonly #patterns = new Map<string, Starred<T>>();
  #index: Index<T> | undefined;
  #lookup = 0;
  /** The patterns of which a text occurs. Reused between lookups. */
  readonly #held: Starred<T>[] = [];

  /** The value of a pattern's segment. Makes it if it is new. */
  place(pattern: string, make: () => T): T {
    const known = this.#patterns.get(pattern);
    if (known !== undefined) return known.value;
    const starred = { literals: pattern.split("*"), value: make(), tried: 0 };
    this.#patterns.set(pattern, starred);
    this.#index = undefined;
    return starred.value;
  }

  /** Adds to a list the values of the patterns that match a segment. */
  collect(text: string, found: T[]): void {
    this.#index ??= indexOf([...this.#patterns.values()]);
    const { starts, ends, middles } = this.#index;
    for (const length of starts.lengths) {
      if (length <= text.length) match(starts.of(text.slice(0, length)), text, found);
    }
    for (const length of ends.lengths) {
      if (length <= text.length) match(ends.of(text.slice(text.length - length)), text, found);
    }
    if (middles === undefined) return;
    this.#lookup += 1;
    this.#held.length = 0;
    middles.collect(text, this.#held);
    for (const starred of this.#held) {
      // A text may occur often, and each try reads the segment.
      if (starred.tried === this.#lookup) continue;
      starred.tried = this.#lookup;
      matchOne(starred, text, found);
    }
  }
}

interface Index<T> {
  readonly starts: Ends<T>;
  readonly ends: Ends<T>;
  /** Undefined if no pattern is found by a text in its middle. */
  readonly middles: KeyedTexts<Starred<T>> | undefined;
}

/** Puts each pattern where the fewest others are. A lookup tries all that share its key. */
function indexOf<T>(patterns: readonly Starred<T>[]): Index<T> {
  const sharing = new Map<string, number>();
  const keyed = patterns.map((starred) => ({ starred, keys: keysOf(starred.literals) }));
  for (const { keys } of keyed) {
    for (const { id } of keys) sharing.set(id, (sharing.get(id) ?? 0) + 1);
  }
  const [starts, ends] = [new Ends<T>(), new Ends<T>()];
  let middles: KeyedTexts<Starred<T>> | undefined;
  for (const { starred, keys } of keyed) {
    let [best] = keys;
    for (const key of keys) {
      const [least, own] = [best, key].map((each) => sharing.get(each?.id ?? "") ?? 0) as [
        number,
        number,
      ];
      if (own < least && least > FEW) best = key;
    }
    if (best === undefined || best.where === "start") starts.add(best?.text ?? "", starred);
    else if (best.where === "end") ends.add(best.text, starred);
    else (middles ??= new KeyedTexts()).add(best.text, starred);
  }
  return { starts, ends, middles };
}

interface Key {
  readonly where: "start" | "end" | "middle";
  readonly text: string;
  readonly id: string;
}

/** The texts by which a pattern can be found: its longer end, the other, and those between; none for `*` alone. */
function keysOf(literals: readonly string[]): readonly Key[] {
  const key = (where: Key["where"], text: string): Key => ({ where, text, id: `${where} ${text}` });
  const start = key("start", (literals[0] ?? "").slice(0, MAX_KEY));
  const end = key("end", (literals.at(-1) ?? "").slice(-MAX_KEY));
  const middles = literals.slice(1, -1).map((text) => key("middle", text.slice(0, MAX_KEY)));
  const outer = end.text.length > start.text.length ? [end, start] : [start, end];
  return [...outer, ...middles].filter(({ text }) => text !== "");
}

/** Patterns by their start or by their end, of each length that occurs. */
class Ends<T> {
  readonly lengths: number[] = [];
  readonly #patterns = new Map<string, Starred<T>[]>();

  add(key: string, starred: Starred<T>): void {
    const others = this.#patterns.get(key);
    if (others === undefined) this.#patterns.set(key, [starred]);
    else others.push(starred);
    if (!this.lengths.includes(key.length)) this.lengths.push(key.length);
  }

  of(key: string): readonly Starred<T>[] | undefined {
    return this.#patterns.get(key);
  }
}

function match<T>(candidates: readonly Starred<T>[] | undefined, text: string, found: T[]): void {
  if (candidates === undefined) return;
  for (const starred of candidates) matchOne(starred, text, found);
}

function matchOne<T>({ literals, value }: Starred<T>, text: string, found: T[]): void {
  if (matchSegment(literals, text)) found.push(value);
}

/**
 * Whether the literals, with any text between them, make up the segment: the first at its start, the last at its end. Takes the
 * segment alone: a search in the rest of a command line would read all later arguments again for each of them.
 */
function matchSegment(literals: readonly string[], text: string): boolean {
  const first = literals[0] ?? "";
  const last = literals.at(-1) ?? "";
  if (literals.length === 1) return text === first;
  let at = first.length;
  const stop = text.length - last.length;
  if (at > stop || !text.startsWith(first) || !text.endsWith(last)) return false;
  for (let index = 1; index < literals.length - 1; index += 1) {
    const literal = literals[index] ?? "";
    const found = text.indexOf(literal, at);
    if (found < 0 || found + literal.length > stop) return false;
    at = found + literal.length;
  }
  return true;
}
