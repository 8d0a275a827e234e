import EventEmitter from "./events.ts";
import { nextTick } from "./process.ts";
import type { ReadStream } from "./read-stream.ts";
import { StringDecoder } from "./string_decoder.ts";

/** What ends a line, as in Node: a `\r` at the end of a part may be the beginning of `\r\n`. */
const END = /\r?\n|\r(?!\n|$)|\u2028|\u2029/g;
const LAST = /\r\n|\n|\r|\u2028|\u2029/g;

/** The lines of a stream: an iterator of them, or else the events `line` and `close`, as the interface of `node:readline` has them. */
export class Lines extends EventEmitter {
  readonly #input: ReadStream;
  #isIterated = false;
  #isClosed = false;

  constructor(input: ReadStream) {
    super();
    this.#input = input;
    nextTick(() => {
      if (!this.#isIterated) void this.#tell();
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    this.#isIterated = true;
    yield* this.#lines();
  }

  async *#lines(): AsyncGenerator<string> {
    const decoder = new StringDecoder("utf8");
    let rest = "";
    try {
      for await (const part of this.#input.iterator({ destroyOnReturn: false })) {
        if (this.#isClosed) return;
        const lines = (rest + decoder.write(part as Buffer)).split(END);
        rest = lines.pop() ?? "";
        yield* lines;
      }
      const lines = (rest + decoder.end()).split(LAST);
      // A file that ends with a line's end has no further line.
      if (lines.at(-1) === "") lines.pop();
      yield* lines;
    } finally {
      this.close();
    }
  }

  async #tell(): Promise<void> {
    try {
      for await (const line of this.#lines()) this.emit("line", line);
    } catch (error) {
      this.emit("error", error);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.emit("close");
  }
}
