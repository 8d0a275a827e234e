import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync } from "node:fs";

import type { Answer } from "../guest/bridge.ts";
import { below, byDescriptor, O_PATH, type ResolvedPath } from "../real-path.ts";
import { decodeText, modeOf, pathText } from "./parse-arguments.ts";
import { Failed, type Guard, Malformed } from "./guard.ts";
import { probeRead } from "./kernel-probe.ts";
import { hooked, permitted } from "./kernel-refusal.ts";
import {
  errnoError,
  type Found,
  mustBeFile,
  mustExist,
  mustStillBeNamed,
  pathOperation,
  PathRaced,
  resolveGiven,
} from "./path-operation.ts";

const { R_OK, O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

/**
 * A file may take this part of the guest's memory (1/4), because up to three copies of it exist at a time, and text takes two
 * bytes a character.
 */
const MEMORY_SHARE = 4;

/** How much of a file the guest may read at once, bytes. */
export function readLimit(memoryBytes: number): number {
  return Math.floor(memoryBytes / MEMORY_SHARE);
}

export const readFile: Guard = ([path, encoding, flag], _mode, { memoryBytes }) => {
  const given = pathText(path);
  const asText = decodeText(encoding, given);
  if ((flag ?? "r") !== "r") throw new Malformed("the flag is not one for reading", given);
  const read = ({ place, held }: Found): Answer => {
    mustExist(place);
    if (held.isDirectory()) throw directoryRead();
    const size = mustBeFile(held);
    const file = byDescriptor(place.fd);
    const fd = permitted(file, R_OK, () => openSync(file, O_RDONLY | O_NONBLOCK));
    try {
      return asText(readBounded(fd, size, readLimit(memoryBytes)));
    } finally {
      closeSync(fd);
    }
  };
  return pathOperation(path, "open", read, { probe: probeRead });
};

/** As Node says it, which opens a directory and cannot read it. */
function directoryRead(): Failed {
  const fields = { code: "EISDIR", errno: -21, syscall: "read" };
  return new Failed("EISDIR: illegal operation on a directory, read", fields);
}

/** What a small file is read into, so that not each read allocates pages. The bytes are copied out before the next read. */
const small = Buffer.allocUnsafeSlow(8192);

function readBounded(fd: number, size: number, limit: number): Uint8Array {
  const tooLarge = (): Failed =>
    new Failed(`File is larger than the ${limit} bytes that this cell may read at once`, {
      code: "ERR_FS_FILE_TOO_LARGE",
    });
  if (size > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    // Files of /proc say that their size is 0 and are not empty: they are read to their end. Others are read up to the size that
    // they had, as Node does.
    const most = size - total + 1;
    const chunk = most > small.length ? Buffer.allocUnsafe(most) : small;
    const read = readSync(fd, chunk, 0, chunk.length, null);
    if (read === 0) break;
    total += read;
    if (total > limit) throw tooLarge();
    const part = chunk.subarray(0, read);
    chunks.push(chunk === small ? Buffer.from(part) : part);
    if (total === size) break;
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, total);
}

/** Answers the first directory that it made, if it was asked to make those on the way too. */
export const mkdir: Guard = ([path, recursive, mode]) => {
  const given = pathText(path);
  const permissions = modeOf(mode, 0o777, given);
  return pathOperation(path, "mkdir", ({ place, ask }) => {
    if (place.errno === null) {
      if (recursive === true && fstatSync(place.fd).isDirectory()) return undefined;
      throw errnoError("EEXIST", -17, "file already exists");
    }
    if (place.errno.code !== "ENOENT" || (recursive !== true && place.missing.length > 1))
      throw place.errno;
    if (place.missing.length === 0) throw new PathRaced();
    // The broker has granted the whole path. Each directory on the way that has to be made is a further request.
    let way = place.held;
    for (const name of place.missing.slice(0, -1)) {
      way = below(way, name);
      ask(way);
    }
    makeAll(place, recursive === true, permissions);
    return recursive === true ? firstMade(given, place.missing) : undefined;
  });
};

/** The path of the first missing directory as the guest wrote it, which tells nothing of symlinks on the way. */
function firstMade(given: string, missing: readonly string[]): Answer {
  const names = resolveGiven(given).split("/");
  const end = names.length - missing.length;
  // Where a symlink leads to what is missing, the guest's own path ends in other names.
  const isSame = missing.every((name, index) => names[end + index] === name);
  return isSame ? `v${names.slice(0, end + 1).join("/")}` : undefined;
}

function makeAll(place: ResolvedPath, recursive: boolean, permissions: number): void {
  let { fd, held } = place;
  try {
    for (const [index, name] of place.missing.entries()) {
      mustStillBeNamed({ fd, held });
      const made = make(fd, name, recursive, permissions);
      if (made && index === place.missing.length - 1) return;
      const next = openMade(fd, name);
      if (fd !== place.fd) closeSync(fd);
      fd = next;
      held = below(held, name);
    }
  } finally {
    if (fd !== place.fd) closeSync(fd);
  }
}

/** Returns false if another process made the directory first. */
function make(fd: number, name: string, recursive: boolean, permissions: number): boolean {
  try {
    hooked("directory", () => mkdirSync(byDescriptor(fd, name), permissions));
    return true;
  } catch (error) {
    if (!recursive || (error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** Opens the directory that was just made. If a symlink or a file has taken its place, its path is another request. */
function openMade(fd: number, name: string): number {
  try {
    return openSync(byDescriptor(fd, name), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch {
    throw new PathRaced();
  }
}
