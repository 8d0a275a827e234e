import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Checks the token of control operations. Keeps a MAC of it instead of a copy, and compares in constant time for every length. */
export class ControlToken {
  readonly #key = randomBytes(32);
  readonly #digest: Buffer | undefined;

  /** @param token Not empty. Without a token, every control operation is refused. */
  constructor(token: string | undefined) {
    if (token !== undefined) this.#digest = this.#mac(token);
  }

  matches(candidate: unknown): boolean {
    const digest = this.#mac(typeof candidate === "string" ? candidate : "");
    const equal = timingSafeEqual(digest, this.#digest ?? this.#mac(""));
    return equal && this.#digest !== undefined && typeof candidate === "string";
  }

  #mac(text: string): Buffer {
    // Hash the text as UTF-16: UTF-8 turns every lone surrogate into the same bytes, so different tokens could match.
    return createHmac("sha256", this.#key).update(Buffer.from(text, "utf16le")).digest();
  }
}
