import type { DeadLetter, DeadLetters } from "../spool/dead-letters.ts";

/** What keeps refused records. */
export interface RefusedKeeper {
  /** Must not throw. @returns whether they are kept. */
  keep(letter: DeadLetter): boolean;
}

/** Keeps the records that the server has refused, where there is a spool, and says so once. */
export class RefusedRecords implements RefusedKeeper {
  readonly #letters: DeadLetters | undefined;
  readonly #warn: (message: string) => void;
  readonly #told = new Set<string>();

  /** @param letters Undefined without a spool: then they are lost. */
  constructor(letters: DeadLetters | undefined, warn: (message: string) => void) {
    this.#letters = letters;
    this.#warn = warn;
  }

  keep(letter: DeadLetter): boolean {
    const refused = `log records are refused (${letter.answer})`;
    if (this.#letters === undefined) {
      this.#once("lost", `${refused} and lost: with a spool they would be kept`);
      return false;
    }
    try {
      this.#letters.add(letter);
      this.#once(
        "kept",
        `${refused} and kept in ${this.#letters.path}: resendRefused() sends them again`,
      );
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#once("full", `${refused} and lost, because they cannot be kept (${why})`);
      return false;
    }
  }

  #once(kind: string, message: string): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#warn(message);
  }
}
