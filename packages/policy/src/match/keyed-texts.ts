/** Things by short texts, to find all whose text occurs somewhere in a longer one. */
export class KeyedTexts<T> {
  readonly #root = new Letter<T>();

  add(key: string, thing: T): void {
    let letter = this.#root;
    for (let at = 0; at < key.length; at += 1) letter = letter.below(key.charCodeAt(at));
    letter.things.push(thing);
  }

  /**
   * Adds to a list the things whose text occurs in a text, as often as it does. Reads at each character at most as many as the longest
   * key has, and mostly one or two.
   */
  collect(text: string, found: T[]): void {
    for (let start = 0; start < text.length; start += 1) {
      let letter: Letter<T> | undefined = this.#root;
      for (let at = start; letter !== undefined; at += 1) {
        for (const thing of letter.things) found.push(thing);
        letter = letter.next?.get(text.charCodeAt(at));
      }
    }
  }
}

class Letter<T> {
  readonly things: T[] = [];
  next: Map<number, Letter<T>> | undefined;

  below(code: number): Letter<T> {
    this.next ??= new Map();
    const known = this.next.get(code);
    if (known !== undefined) return known;
    const letter = new Letter<T>();
    this.next.set(code, letter);
    return letter;
  }
}
