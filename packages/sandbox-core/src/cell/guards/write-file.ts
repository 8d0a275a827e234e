import { closeSync, constants, openSync, writeSync } from "node:fs";

import type { Primitive } from "../guest/bridge.ts";
import { byDescriptor } from "../real-path.ts";
import { contentOf, modeOf, pathText } from "./parse-arguments.ts";
import { type Guard, Malformed, type Prepared, type GuardContext } from "./guard.ts";
import { probeWrite } from "./kernel-probe.ts";
import { hooked, permitted } from "./kernel-refusal.ts";
import { errnoError, type Found, mustBeFile, pathOperation, PathRaced } from "./path-operation.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_TRUNC, O_WRONLY, W_OK } = constants;

export const writeFile: Guard = (args, _mode, around) => write(args, "w", around);
export const appendFile: Guard = (args, _mode, around) => write(args, "a", around);

/** Node's flags for writing, split into what they mean. */
const WRITE_FLAGS = new Map<Primitive, { readonly exclusive: boolean; readonly how: number }>([
  ["w", { exclusive: false, how: O_TRUNC }],
  ["wx", { exclusive: true, how: O_TRUNC }],
  ["xw", { exclusive: true, how: O_TRUNC }],
  ["a", { exclusive: false, how: O_APPEND }],
  ["ax", { exclusive: true, how: O_APPEND }],
  ["xa", { exclusive: true, how: O_APPEND }],
]);

function write(
  [path, kind, data, encoding, mode, flag]: readonly Primitive[],
  usual: string,
  { writable }: GuardContext,
): Prepared {
  const given = pathText(path);
  const bytes = contentOf(kind, data, encoding, given);
  const permissions = modeOf(mode, 0o666, given);
  const flags = WRITE_FLAGS.get(flag ?? usual);
  if (flags === undefined) throw new Malformed("the flag is not one for writing", given);
  const writeAll = (found: Found): undefined => {
    const fd = openToWrite(found, flags, permissions);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    } finally {
      closeSync(fd);
    }
    return undefined;
  };
  return pathOperation(path, "open", writeAll, { probe: (place) => probeWrite(place, writable) });
}

export function openToWrite(
  { place, held, asDirectory }: Found,
  { exclusive, how }: { exclusive: boolean; how: number },
  permissions: number,
): number {
  if (place.errno === null) {
    if (exclusive) throw errnoError("EEXIST", -17, "file already exists");
    mustBeFile(held);
    const file = byDescriptor(place.fd);
    return permitted(file, W_OK, () => openSync(file, O_WRONLY | O_NONBLOCK | how));
  }
  const [name, ...more] = place.missing;
  if (place.errno.code !== "ENOENT" || more.length > 0) throw place.errno;
  // The file appeared between the lookup and this open: start again.
  if (name === undefined) throw new PathRaced();
  if (asDirectory) throw errnoError("EISDIR", -21, "illegal operation on a directory");
  try {
    const file = byDescriptor(place.fd, name);
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | (how & O_APPEND);
    return hooked("file", () => openSync(file, flags, permissions));
  } catch (error) {
    // Another process made the file meanwhile, or a symlink, which leads to another request.
    if (!exclusive && (error as NodeJS.ErrnoException).code === "EEXIST") throw new PathRaced();
    throw error;
  }
}
