import { invalidArgument } from "./argument-errors.ts";
import { Buffer } from "./buffer.ts";
import {
  type Done,
  type Files,
  heedSignal,
  idle,
  optionsOfStream,
  Source,
  streamOptions,
} from "./file-source.ts";
import { integer } from "./open-file-arguments.ts";
import { nextTick } from "./process.ts";
import stream from "./stream.ts";

const { Writable } = stream;

/** `fs.WriteStream`. */
export class WriteStream extends Writable {
  readonly #files: Files;
  readonly #source: Source;
  readonly #flush: boolean;
  #isBusy = false;
  readonly start: number | undefined;
  pos: number | undefined;
  bytesWritten = 0;

  constructor(path: unknown, given: unknown, files: Files) {
    const options = optionsOfStream(files, given, "flush");
    const { start, encoding, flush = false } = options;
    if (typeof (flush ?? false) !== "boolean")
      throw invalidArgument("options.flush", "of type boolean", flush);
    const from = start === undefined ? undefined : integer("start", start, 0);
    const source = new Source(path, options, files, "w");
    super(streamOptions({ ...options, encoding: undefined }, { decodeStrings: true }));
    this.#files = files;
    this.#source = source;
    this.#flush = flush === true;
    [this.start, this.pos] = [from, from];
    if (typeof encoding === "string" && encoding !== "buffer")
      this.setDefaultEncoding(encoding as BufferEncoding);
    source.handle?.on("close", () => this.close());
    heedSignal(this, options);
  }

  get fd(): number | null {
    return this.#source.fd;
  }

  get path(): unknown {
    return this.#source.path;
  }

  get flags(): unknown {
    return this.#source.flags;
  }

  get mode(): unknown {
    return this.#source.mode;
  }

  get pending(): boolean {
    return this.#source.fd === null;
  }

  get autoClose(): boolean {
    return (this as unknown as { _writableState: { autoDestroy: boolean } })._writableState
      .autoDestroy;
  }

  override _construct(done: Done): void {
    this.#source.open(this.#files, done, (fd) => {
      this.emit("open", fd);
      this.emit("ready");
    });
  }

  #put(bytes: Buffer, at: number | undefined, done: Done): void {
    this.#files.functions["write"]?.(
      this.fd,
      bytes,
      0,
      bytes.length,
      at ?? null,
      (error: Error | null, count: number) => {
        if (error) return done(error);
        this.bytesWritten += count;
        if (count === bytes.length) return done();
        this.#put(bytes.subarray(count), at === undefined ? undefined : at + count, done);
      },
    );
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#isBusy = true;
    const at = this.pos;
    if (at !== undefined) this.pos = at + chunk.length;
    this.#put(chunk, at, (error) => {
      this.#isBusy = false;
      done(error);
      if (this.destroyed) this.emit(idle, error);
    });
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "buffer", done);
  }

  override _destroy(error: Error | null, done: Done): void {
    const close = (failed: Error | null | undefined): void => {
      const { fd } = this.#source;
      const first = error ?? failed ?? null;
      if (!this.#flush || fd === null) return this.#source.close(this.#files, first, done);
      this.#files.functions["fsync"]?.(fd, (failing: Error | null) =>
        this.#source.close(this.#files, first ?? failing, done),
      );
    };
    if (this.#isBusy) this.once(idle, close);
    else close(null);
  }

  close(done?: unknown): void {
    if (typeof done === "function") {
      if (this.closed) {
        nextTick(done);
        return;
      }
      this.on("close", done as Done);
    }
    if (!this.autoClose) this.on("finish", () => this.destroy());
    // Not destroyed: what was written before goes to the file first.
    this.end();
  }

  destroySoon(): void {
    this.end();
  }
}
