import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Guards the control operations. Keeps no copy of the token, and compares in constant time whatever the lengths. */
export class ControlToken {
  readonly #key = randomBytes(32);
  readonly #digest: Buffer | undefined;

  /** Without a token no control operation can ever succeed. */
  constructor(token: string | undefined) {
    this.#digest = token === undefined ? undefined : this.#mac(token);
  }

  matches(candidate: unknown): boolean {
    const digest = this.#mac(typeof candidate === "string" ? candidate : "");
    const equal = timingSafeEqual(digest, this.#digest ?? this.#mac(""));
    return equal && this.#digest !== undefined && typeof candidate === "string";
  }

  #mac(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}
