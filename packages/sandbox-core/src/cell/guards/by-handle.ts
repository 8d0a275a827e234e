import {
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  readSync,
  writeSync,
} from "node:fs";

import type { Answer, Primitive } from "../guest/bridge.ts";
import { isOpened, type OpenFile } from "../open-files.ts";
import { readLimit } from "./filesystem.ts";
import { Failed, type Guard, type GuardContext, type Prepared } from "./guard.ts";
import { probeRead, probeWrite } from "./kernel-probe.ts";
import { openToRead, used } from "./open.ts";
import { contentOf, lengthOf } from "./parse-arguments.ts";
import {
  errnoError,
  type Found,
  mustBeFile,
  pathOperation,
  type PathOperationOptions,
} from "./path-operation.ts";
import { statOf } from "./stat-answer.ts";
import { openToWrite } from "./write-file.ts";

// What a guest does with a file that it has opened. Each use is decided on the path that was noted, as it is now, and opens what is
// there again: a reload of the policy, or of the kernel's layer, counts from the next use on, and a file that was moved or exchanged
// is not touched. A number that is not open, or not opened for it, is the guest's mistake and makes no request.

const { O_APPEND } = constants;

/** How much is made ready where a file, by its length, has nothing more: it may have grown, and some file systems tell no length. Bytes. */
const UNKNOWN = 65_536;

export const read: Guard = ([, length, at], _mode, { file, memoryBytes }) => {
  const opened = mustBeOpen(file, "read", "reads");
  const most = Math.min(lengthOf(length), readLimit(memoryBytes));
  const place = positionOf(at, most);
  const readPart = (found: Found): Answer => {
    const from = place ?? opened.position;
    const rest = Number(found.held.size) - from;
    const chunk = Buffer.allocUnsafe(Math.min(most, rest > 0 ? rest : UNKNOWN));
    const count = used(openToRead(found), (fd) => readSync(fd, chunk, 0, chunk.length, from));
    if (place === undefined) opened.position = from + count;
    return chunk.subarray(0, count);
  };
  return onOpened(opened, "read", readPart, { probe: probeRead });
};

export const write: Guard = ([, kind, data, encoding, at], _mode, { file, writable }) => {
  const opened = mustBeOpen(file, "write", "writes");
  const bytes = contentOf(kind, data, encoding);
  const place = positionOf(at, bytes.length);
  const writePart = (found: Found): Answer => {
    const from = place ?? opened.position;
    const how = opened.appends ? O_APPEND : 0;
    return used(openToWrite(found, { exclusive: false, how }, 0), (fd) => {
      const count = writeSync(fd, bytes, 0, bytes.length, opened.appends ? null : from);
      // The kernel has put it at the end, wherever that was by then.
      if (opened.appends && place === undefined) opened.position = fstatSync(fd).size;
      else if (place === undefined) opened.position = from + count;
      return count;
    });
  };
  return onOpened(opened, "write", writePart, writing(writable));
};

export const fstat: Guard = (_args, _mode, { file }) =>
  onOpened(mustBeOpen(file, "fstat"), "fstat", ({ place }) => statOf(fstatSync(place.fd)));

export const ftruncate: Guard = ([, length], _mode, { file, writable }) => {
  const opened = mustBeOpen(file, "ftruncate");
  if (!opened.writes) throw failure("EINVAL", -22, "invalid argument", "ftruncate");
  const size = lengthOf(length);
  const cut = (found: Found): undefined => {
    used(openToWrite(found, { exclusive: false, how: 0 }, 0), (fd) => ftruncateSync(fd, size));
    return undefined;
  };
  return onOpened(opened, "ftruncate", cut, writing(writable));
};

/** Has the disk take what was written: by `write`, as the file was opened for it, else by `read`. */
export const fsync: Guard = ([, dataOnly], _mode, { file, writable }) => {
  const [syscall, sync] =
    dataOnly === true ? (["fdatasync", fdatasyncSync] as const) : (["fsync", fsyncSync] as const);
  const opened = mustBeOpen(file, syscall);
  const act = (found: Found): undefined => {
    const fd = opened.writes
      ? openToWrite(found, { exclusive: false, how: 0 }, 0)
      : openToRead(found);
    used(fd, sync);
    return undefined;
  };
  return onOpened(
    opened,
    syscall,
    act,
    opened.writes ? writing(writable) : { operation: "read", probe: probeRead },
  );
};

function writing(writable: GuardContext["writable"]): PathOperationOptions {
  return { probe: (place) => probeWrite(place, writable) };
}

/** A use of an open file, which must be the file that is at its path. */
function onOpened(
  opened: OpenFile,
  syscall: string,
  act: (found: Found) => Answer,
  options: PathOperationOptions = {},
): Prepared {
  const onSame = (found: Found): Answer => {
    if (found.place.errno !== null || !isOpened(opened, found.held))
      throw errnoError("ESTALE", -116, "stale file handle");
    mustBeFile(found.held);
    return act(found);
  };
  return pathOperation(opened.path, syscall, onSame, { ...options, isNameless: true });
}

function mustBeOpen(
  file: OpenFile | undefined,
  syscall: string,
  right?: "reads" | "writes",
): OpenFile {
  if (file !== undefined && (right === undefined || file[right])) return file;
  throw failure("EBADF", -9, "bad file descriptor", syscall);
}

/** Where a use begins; undefined for where the last one has ended. */
function positionOf(at: Primitive, length: number): number | undefined {
  if (at === null || at === undefined || at === -1) return undefined;
  // No file is that long: a place behind the end of any is one behind the end of this, and no attempt to be recorded.
  return Math.min(lengthOf(at), Number.MAX_SAFE_INTEGER - length);
}

function failure(code: string, errno: number, text: string, syscall: string): Failed {
  return new Failed(`${code}: ${text}, ${syscall}`, { code, errno, syscall });
}
