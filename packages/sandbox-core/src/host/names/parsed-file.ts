import { readFileSync, statSync } from "node:fs";

/** A small system file, parsed again when it has changed. A file that cannot be read counts as empty. */
export class ParsedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  #version = "";
  #parsed: T;

  constructor(path: string, parse: (text: string) => T) {
    this.#path = path;
    this.#parse = parse;
    this.#parsed = parse("");
  }

  /**
   * Takes some microseconds if the file has not changed. Reads on the caller's thread, because libuv's threads are for the host's
   * own work.
   */
  get value(): T {
    try {
      const { ino, size, mtimeNs, ctimeNs } = statSync(this.#path, { bigint: true });
      const version = `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
      if (version === this.#version) return this.#parsed;
      this.#parsed = this.#parse(readFileSync(this.#path, "utf8"));
      this.#version = version;
    } catch {
      this.#version = "";
      this.#parsed = this.#parse("");
    }
    return this.#parsed;
  }
}
