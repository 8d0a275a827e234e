import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Guards the control operations. Keeps no copy of the token, and compares in constant time whatever the lengths. */
export class ControlToken {
  readonly #key = randomBytes(32);
  readonly #digest: Buffer | undefined;

  /** @param token Not empty. Without one no control operation can ever succeed. */
  constructor(token: string | undefined) {
    if (token !== undefined) this.#digest = this.#mac(token);
  }

  matches(candidate: unknown): boolean {
    const digest = this.#mac(typeof candidate === "string" ? candidate : "");
    const equal = timingSafeEqual(digest, this.#digest ?? this.#mac(""));
    return equal && this.#digest !== undefined && typeof candidate === "string";
  }

  #mac(text: string): Buffer {
    // As UTF-16: UTF-8 has no lone surrogates, so that all texts that differ only in those would be one.
    return createHmac("sha256", this.#key).update(Buffer.from(text, "utf16le")).digest();
  }
}
