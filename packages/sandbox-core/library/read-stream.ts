import { outOfRange } from "./argument-errors.ts";
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
import stream from "./stream.ts";

const { finished, Readable } = stream;

/** `fs.ReadStream`. */
export class ReadStream extends Readable {
  readonly #files: Files;
  readonly #source: Source;
  #isBusy = false;
  readonly start: number | undefined;
  readonly end: number;
  pos: number | undefined;
  bytesRead = 0;

  constructor(path: unknown, given: unknown, files: Files) {
    const options = optionsOfStream(files, given, "end");
    const { start, end = Infinity } = options;
    const from = start === undefined ? undefined : integer("start", start, 0);
    const to = end === Infinity ? Infinity : integer("end", end, 0);
    if (from !== undefined && from > to) throw outOfRange("start", `<= "end" (here: ${to})`, from);
    const source = new Source(path, options, files, "r");
    super(streamOptions(options, { highWaterMark: 65_536 }));
    this.#files = files;
    this.#source = source;
    [this.start, this.end, this.pos] = [from, to, from];
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
    return (this as unknown as { _readableState: { autoDestroy: boolean } })._readableState
      .autoDestroy;
  }

  override _construct(done: Done): void {
    this.#source.open(this.#files, done, (fd) => {
      this.emit("open", fd);
      this.emit("ready");
    });
  }

  override _read(wanted: number): void {
    const left = this.end - (this.pos ?? this.bytesRead) + 1;
    const size = Math.min(left, wanted);
    if (size <= 0) {
      this.push(null);
      return;
    }
    this.#isBusy = true;
    const buffer = Buffer.allocUnsafeSlow(size);
    this.#files.functions["read"]?.(
      this.fd,
      buffer,
      0,
      size,
      this.pos ?? null,
      (error: Error | null, count: number) => {
        this.#isBusy = false;
        if (this.destroyed) this.emit(idle, error);
        else if (error) this.destroy(error);
        else if (count === 0) this.push(null);
        else {
          if (this.pos !== undefined) this.pos += count;
          this.bytesRead += count;
          this.push(count === size ? buffer : Buffer.from(buffer.subarray(0, count)));
        }
      },
    );
  }

  override _destroy(error: Error | null, done: Done): void {
    const close = (failed: Error | null): void =>
      this.#source.close(this.#files, error ?? failed, done);
    if (this.#isBusy) this.once(idle, close);
    else close(null);
  }

  close(done?: unknown): void {
    if (typeof done === "function") finished(this, done as Done);
    this.destroy();
  }
}
