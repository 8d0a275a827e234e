/**
 * Most characters of a segment's start or end by which patterns are told apart. It bounds the lookups for each segment, whatever
 * the patterns are.
 */
const MAX_KEY = 32;

interface Starred<T> {
  /** The texts between the stars. The first stands at the segment's start, the last at its end. */
  readonly literals: readonly string[];
  readonly value: T;
}

/** Segments with a `*`, such as `*.csv` or `report-*`, indexed by their start or end. */
export class StarredSegments<T> {
  readonly #values = new Map<string, T>();
  readonly #byStart = new Map<string, Starred<T>[]>();
  readonly #byEnd = new Map<string, Starred<T>[]>();
  readonly #startLengths: number[] = [];
  readonly #endLengths: number[] = [];

  /** The value of a pattern's segment. Makes it if it is new. */
  place(pattern: string, make: () => T): T {
    const known = this.#values.get(pattern);
    if (known !== undefined) return known;
    const value = make();
    this.#values.set(pattern, value);
    const literals = pattern.split("*");
    const start = (literals[0] ?? "").slice(0, MAX_KEY);
    const end = (literals.at(-1) ?? "").slice(-MAX_KEY);
    const starred = { literals, value };
    if (end.length > start.length) put(this.#byEnd, this.#endLengths, end, starred);
    else put(this.#byStart, this.#startLengths, start, starred);
    return value;
  }

  /** Adds to a list the values of the patterns that match a segment. */
  collect(text: string, found: T[]): void {
    for (const length of this.#startLengths) {
      if (length <= text.length) match(this.#byStart.get(text.slice(0, length)), text, found);
    }
    for (const length of this.#endLengths) {
      if (length > text.length) continue;
      match(this.#byEnd.get(text.slice(text.length - length)), text, found);
    }
  }
}

function put<T>(
  map: Map<string, Starred<T>[]>,
  lengths: number[],
  key: string,
  starred: Starred<T>,
): void {
  const others = map.get(key);
  if (others === undefined) map.set(key, [starred]);
  else others.push(starred);
  if (!lengths.includes(key.length)) lengths.push(key.length);
}

function match<T>(candidates: readonly Starred<T>[] | undefined, text: string, found: T[]): void {
  if (candidates === undefined) return;
  for (const { literals, value } of candidates) if (matchSegment(literals, text)) found.push(value);
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
