import { readFileSync, statSync } from "node:fs";

/** A small file of the system, parsed again when it has changed. Where it cannot be read it is as good as empty. */
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

  /** Some microseconds where nothing has changed. On the caller's thread: those of libuv are for the host's own work. */
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
