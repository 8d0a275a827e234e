import EventEmitter from "./events.ts";
import { Buffer } from "./buffer.ts";
import { integer, optionsObject, partToRead, placeOf, viewsOf } from "./open-file-arguments.ts";
import {
  into,
  intoAll,
  intoNone,
  joined,
  lengthOf,
  notOpen,
  type OpenFiles,
  type Requests,
  USUAL,
  written,
} from "./open-files.ts";
import { readAllLater, writeAllLater } from "./whole-files.ts";

const same = (answer: unknown): unknown => answer;
const nothing = (): undefined => undefined;

/** What Node's promises give: a record without a prototype. */
const record = <T extends object>(fields: T): T => Object.assign(Object.create(null) as T, fields);

/** Begins another use of a handle, and ends one. The handle is closed when all have ended. */
export const hold = Symbol("hold");
export const release = Symbol("release");

/** What `promises.open` gives. */
export class FileHandle extends EventEmitter {
  readonly #files: OpenFiles;
  readonly #requests: Requests;
  #fd: number;
  /** The handle itself, and each use that is under way. */
  #uses = 1;
  #closing: { readonly promise: Promise<void>; readonly done: () => void } | undefined;
  /** An own property, as in Node. */
  readonly close: () => Promise<void>;

  constructor(fd: number, files: OpenFiles, requests: Requests) {
    super();
    this.#fd = fd;
    this.#files = files;
    this.#requests = requests;
    this.close = (): Promise<void> => this.#close();
  }

  static isFileHandle(value: unknown): value is FileHandle {
    return typeof value === "object" && value !== null && #fd in value;
  }

  get fd(): number {
    return this.#fd;
  }

  /** Closes the file once nothing uses it. */
  #close(): Promise<void> {
    if (this.#fd === -1) return Promise.resolve();
    if (this.#closing !== undefined) return this.#closing.promise;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = (): void => {
      const fd = this.#fd;
      this.#fd = -1;
      this.#closing = undefined;
      if (this.#requests.close(fd)) resolve();
      else reject(notOpen("close"));
    };
    this.#closing = { promise, done };
    this[release]();
    this.emit("close");
    return promise;
  }

  [hold](): void {
    this.#uses += 1;
  }

  [release](): void {
    this.#uses -= 1;
    if (this.#uses === 0) this.#closing?.done();
  }

  async #use<R>(syscall: string, use: (fd: number) => Promise<R>): Promise<R> {
    if (this.#fd === -1) throw Object.assign(new Error("file closed"), { code: "EBADF", syscall });
    this[hold]();
    try {
      return await use(this.#fd);
    } finally {
      this[release]();
    }
  }

  async read(given?: unknown, offset?: unknown, length?: unknown, position?: unknown) {
    return await this.#use("read", async (fd) => {
      let buffer = given;
      let rest = [offset, length, position];
      if (!ArrayBuffer.isView(given)) {
        const options = optionsObject(given);
        buffer = options.buffer ?? Buffer.alloc(USUAL);
        rest = [options];
      } else if (typeof offset === "object" && offset !== null) rest = [offset];
      else rest[1] = length ?? given.byteLength - Number(offset ?? 0);
      const part = partToRead(buffer, rest);
      if (part === null) return record({ bytesRead: 0, buffer });
      const args = [fd, part.length, part.position];
      return record({ bytesRead: await this.#requests.later("read", args, into(part)), buffer });
    });
  }

  async readv(buffers: unknown, position?: unknown) {
    return await this.#use("readv", async (fd) => {
      const views = viewsOf(buffers);
      if (views.length === 0) throw intoNone();
      const args = [fd, lengthOf(views), placeOf(position)];
      return record({
        bytesRead: await this.#requests.later("read", args, intoAll(views)),
        buffers,
      });
    });
  }

  async write(buffer: unknown, ...given: readonly unknown[]) {
    return await this.#use("write", async (fd) => {
      if ((buffer as { byteLength?: unknown } | null)?.byteLength === 0)
        return record({ bytesWritten: 0, buffer });
      const args = [fd, ...written(buffer, given)];
      return record({ bytesWritten: await this.#requests.later("write", args, same), buffer });
    });
  }

  async writev(buffers: unknown, position?: unknown) {
    return await this.#use("writev", async (fd) => {
      const views = viewsOf(buffers);
      if (views.length === 0) return record({ bytesWritten: 0, buffers });
      const args = [fd, joined(views), null, placeOf(position)];
      return record({ bytesWritten: await this.#requests.later("write", args, same), buffers });
    });
  }

  async readFile(options?: unknown): Promise<unknown> {
    return await this.#use(
      "readFile",
      async (fd) => await readAllLater(this.#requests, fd, options),
    );
  }

  async writeFile(data: unknown, options?: unknown): Promise<void> {
    await this.#use(
      "writeFile",
      async (fd) => await writeAllLater(this.#requests, fd, data, options, true),
    );
  }

  async appendFile(data: unknown, options?: unknown): Promise<void> {
    await this.writeFile(data, options);
  }

  async stat(options?: unknown): Promise<unknown> {
    return await this.#use("fstat", async (fd) => {
      this.#requests.optionsOf(options, []);
      return await this.#requests.later("fstat", [fd], same);
    });
  }

  async truncate(length: unknown = 0): Promise<void> {
    await this.#use("ftruncate", async (fd) => {
      await this.#requests.later("ftruncate", [fd, Math.max(0, integer("len", length))], nothing);
    });
  }

  async sync(): Promise<void> {
    await this.#use(
      "fsync",
      async (fd) => void (await this.#requests.later("fsync", [fd, false], nothing)),
    );
  }

  async datasync(): Promise<void> {
    await this.#use(
      "fdatasync",
      async (fd) => void (await this.#requests.later("fsync", [fd, true], nothing)),
    );
  }

  createReadStream(options?: object): unknown {
    return this.#files.readStream(undefined, { ...options, fd: this });
  }

  createWriteStream(options?: object): unknown {
    return this.#files.writeStream(undefined, { ...options, fd: this });
  }

  readLines(options?: object): unknown {
    return this.#files.linesOf({ ...options, fd: this });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
