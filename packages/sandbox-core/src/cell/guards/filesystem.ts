import { closeSync, constants, fstatSync, mkdirSync, openSync, readdirSync, readSync, rmdirSync, unlinkSync, writeSync } from "node:fs";

import type { Answer, Primitive } from "../guest/bridge.ts";
import { byDescriptor, locate, type Place } from "../real-path.ts";
import { type AskAgain, Failed, type Guard, Malformed, type Prepared } from "./guard.ts";
import { contentOf, decodeText, pathText } from "./arguments.ts";

const { O_RDONLY, O_WRONLY, O_APPEND, O_TRUNC, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

/** How often a write starts again because the file came or went between being found and being opened. */
const MAX_RACES = 8;

/** Deepest directory that a recursive removal goes into. */
const MAX_DEPTH = 256;

/** A cell's working directory is `/`. */
function absolute(given: string): string {
  return given.startsWith("/") ? given : `/${given}`;
}

/** A request on a place. The place is found before the decision and used, by descriptor, after it. */
function onPlace(
  value: Primitive,
  syscall: string,
  act: (place: Place, ask: AskAgain, given: string) => Answer,
): Prepared {
  const given = pathText(value);
  const place = locate(absolute(given));
  return {
    target: place.path,
    perform: (_grant, ask) => {
      try {
        return act(place, ask, given);
      } catch (error) {
        throw asGuestErrno(error, syscall, given);
      }
    },
    release: () => closeSync(place.fd),
  };
}

/** The error Node would give, naming the path as the guest wrote it: what it resolved to is the host's business. */
function asGuestErrno(error: unknown, syscall: string, given: string): unknown {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || typeof errno !== "number") return error;
  const text = (error as Error).message.replace(/^[A-Z0-9_]+: /, "").replace(/, .*$/s, "");
  return new Failed(`${code}: ${text}, ${syscall} '${given}'`, { code, errno, syscall, path: given });
}

function mustExist(place: Place): void {
  if (place.errno !== null) throw place.errno;
}

function errnoError(code: string, errno: number, text: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${text}`), { code, errno });
}

export const readFile: Guard = ([path, encoding], _mode, { memoryBytes }) => {
  const asText = decodeText(encoding);
  return onPlace(path, "open", (place) => {
    mustExist(place);
    const fd = openSync(byDescriptor(place.fd), O_RDONLY | O_NONBLOCK);
    try {
      const bytes = readBounded(fd, Math.floor(memoryBytes / 4));
      return asText(bytes);
    } finally {
      closeSync(fd);
    }
  });
};

function readBounded(fd: number, limit: number): Uint8Array {
  const stat = fstatSync(fd);
  if (stat.isDirectory()) throw errnoError("EISDIR", -21, "illegal operation on a directory");
  // A device or a pipe may never end, and has effects when read.
  if (!stat.isFile()) throw errnoError("EINVAL", -22, "not a regular file");
  const tooLarge = (): Failed =>
    new Failed(`File is larger than the ${limit} bytes that this cell may read at once`, { code: "ERR_FS_FILE_TOO_LARGE" });
  if (stat.size > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    // Files of /proc say they are empty and are not: read to the end, whatever stat says.
    const chunk = Buffer.allocUnsafe(Math.max(stat.size - total + 1, 8192));
    const read = readSync(fd, chunk, 0, chunk.length, null);
    if (read === 0) return Buffer.concat(chunks, total);
    total += read;
    if (total > limit) throw tooLarge();
    chunks.push(chunk.subarray(0, read));
  }
}

export const writeFile: Guard = ([path, kind, data]) => write(path, kind, data, O_TRUNC);
export const appendFile: Guard = ([path, kind, data]) => write(path, kind, data, O_APPEND);

function write(path: Primitive, kind: Primitive, data: Primitive, flag: number): Prepared {
  const bytes = contentOf(kind, data);
  return onPlace(path, "open", (found, ask, given) => {
    let place = found;
    try {
      for (let race = 0; ; race++) {
        try {
          writeTo(place, given, flag, bytes);
          return undefined;
        } catch (error) {
          // Somebody made or removed it meanwhile: what is there now is another file, so it is another request.
          const { code } = error as NodeJS.ErrnoException;
          const raced = place.missing.length === 0 ? code === "ENOENT" : code === "EEXIST";
          if (!raced || race >= MAX_RACES) throw error;
          const again = locate(absolute(given));
          const changed = again.missing.length !== place.missing.length;
          if (place !== found) closeSync(place.fd);
          place = again;
          // A dangling symlink is there and is not: it looks the same each time, and nothing is created through it.
          if (!changed) throw error;
          ask(again.path);
        }
      }
    } finally {
      if (place !== found) closeSync(place.fd);
    }
  });
}

function writeTo(place: Place, given: string, flag: number, bytes: Uint8Array): void {
  const exists = place.missing.length === 0;
  if (!exists && (place.missing.length > 1 || place.errno?.code !== "ENOENT" || given.endsWith("/"))) throw place.errno ?? new Error("missing");
  const fd = exists
    ? openSync(byDescriptor(place.fd), O_WRONLY | O_NONBLOCK | flag)
    : openSync(byDescriptor(place.fd, place.missing[0]), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
  try {
    if (!fstatSync(fd).isFile()) throw errnoError("EINVAL", -22, "not a regular file");
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } finally {
    closeSync(fd);
  }
}

export const readdir: Guard = ([path]) =>
  onPlace(path, "scandir", (place) => {
    mustExist(place);
    return `j${JSON.stringify(readdirSync(`${byDescriptor(place.fd)}/`))}`;
  });

export const stat: Guard = ([path]) =>
  onPlace(path, "stat", (place) => {
    mustExist(place);
    const found = fstatSync(place.fd);
    const kind = found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
    const { size, mode, mtimeMs, birthtimeMs } = found;
    return `j${JSON.stringify({ kind, size, mode, mtimeMs, birthtimeMs })}`;
  });

export const exists: Guard = ([path]) => onPlace(path, "access", (place) => place.errno === null);

export const mkdir: Guard = ([path, recursive]) =>
  onPlace(path, "mkdir", (place, ask) => {
    if (place.errno === null) {
      if (recursive === true && fstatSync(place.fd).isDirectory()) return undefined;
      throw errnoError("EEXIST", -17, "file already exists");
    }
    if (place.errno.code !== "ENOENT" || (recursive !== true && place.missing.length > 1)) throw place.errno;
    let fd = place.fd;
    let path = place.path.slice(0, place.path.length - place.missing.join("/").length - 1);
    try {
      for (const [index, name] of place.missing.entries()) {
        path = `${path}/${name}`;
        // The whole path was granted; each directory above it that is made on the way is a request of its own.
        if (index < place.missing.length - 1) ask(path);
        mkdirSync(byDescriptor(fd, name));
        const next = openSync(byDescriptor(fd, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (fd !== place.fd) closeSync(fd);
        fd = next;
      }
    } finally {
      if (fd !== place.fd) closeSync(fd);
    }
    return undefined;
  });

export const rm: Guard = ([value, recursive, force]) => {
  const given = pathText(value);
  const trimmed = absolute(given).replace(/\/+$/, "");
  const cut = trimmed.lastIndexOf("/");
  const name = trimmed.slice(cut + 1);
  if (name === "" || name === "." || name === "..") throw new Malformed("no name to remove", absolute(given));
  // What is removed is a name in a directory, never what a symlink of that name points to.
  const parent = locate(trimmed.slice(0, cut) || "/");
  const target = `${parent.path === "/" ? "" : parent.path}/${name}`;
  return {
    target,
    perform: (_grant, ask) => {
      try {
        mustExist(parent);
        remove(parent.fd, name, target, recursive === true, ask, 0);
      } catch (error) {
        if (force === true && (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw asGuestErrno(error, "rm", given);
      }
      return undefined;
    },
    release: () => closeSync(parent.fd),
  };
};

function remove(parent: number, name: string, path: string, recursive: boolean, ask: AskAgain, depth: number): void {
  let directory: number;
  try {
    directory = openSync(byDescriptor(parent, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTDIR" && code !== "ELOOP") throw error;
    unlinkSync(byDescriptor(parent, name));
    return;
  }
  try {
    if (!recursive) throw errnoError("ERR_FS_EISDIR", -21, "path is a directory, pass { recursive: true }");
    if (depth >= MAX_DEPTH) throw new Failed("The directory is nested too deeply to remove", { code: "ELOOP" });
    for (const entry of readdirSync(`${byDescriptor(directory)}/`)) {
      ask(`${path}/${entry}`);
      remove(directory, entry, `${path}/${entry}`, true, ask, depth + 1);
    }
  } finally {
    closeSync(directory);
  }
  rmdirSync(byDescriptor(parent, name));
}
