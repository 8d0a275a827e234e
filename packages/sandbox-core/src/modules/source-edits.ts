/** One change of a source text, by UTF-16 positions in the original text. Edits must not overlap. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The edits of one source text. */
export class Edits {
  readonly #source: string;
  readonly #edits: Edit[];

  constructor(source: string, edits: readonly Edit[] = []) {
    this.#source = source;
    this.#edits = [...edits];
  }

  insert(at: number, text: string): void {
    this.#edits.push({ start: at, end: at, text });
  }

  /** Replaces a range. Keeps the newlines in it, so that later lines keep their numbers. */
  replace(start: number, end: number, text = ""): void {
    this.#edits.push({
      start,
      end,
      text: text + this.#source.slice(start, end).replaceAll(/[^\n\r\u2028\u2029]/g, ""),
    });
  }

  /** The text with all edits made, in time linear in its length. Insertions at one place keep the order in which they were given. */
  apply(): string {
    let out = "";
    let at = 0;
    for (const { start, end, text } of this.#edits.toSorted(
      (a, b) => a.start - b.start || a.end - b.end,
    )) {
      out += this.#source.slice(at, start) + text;
      at = end;
    }
    return out + this.#source.slice(at);
  }
}
