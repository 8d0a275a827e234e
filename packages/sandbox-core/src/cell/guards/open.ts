import { closeSync, constants, fstatSync, ftruncateSync, openSync, statfsSync } from "node:fs";

import type { Primitive } from "../guest/bridge.ts";
import { identityOf } from "../open-files.ts";
import { byDescriptor } from "../real-path.ts";
import { type Guard, type GuardContext, Malformed, type Prepared } from "./guard.ts";
import { probeRead, probeWrite } from "./kernel-probe.ts";
import { permitted } from "./kernel-refusal.ts";
import { lengthOf, modeOf, pathText } from "./parse-arguments.ts";
import {
  errnoError,
  type Found,
  mustBeFile,
  mustExist,
  mustStillBeNamed,
  pathOperation,
} from "./path-operation.ts";
import { openToWrite } from "./write-file.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, R_OK } =
  constants;
const ACCESS = O_WRONLY | O_RDWR;

/**
 * Opens a file, notes what and where it is, and closes it: what the guest gets is the number of the note. To read and to write are
 * requests of their own, both before any effect.
 */
export const open: Guard = (args, _mode, context) => {
  try {
    return opening(args, context);
  } catch (error) {
    // What cannot be understood of it was meant as what its flags say.
    if (!(error instanceof Malformed) || !isToWrite(args[1])) throw error;
    throw new Malformed(error.message, error.target, error.args, "write");
  }
};

function isToWrite(flags: Primitive): boolean {
  return typeof flags === "number" && (flags & ACCESS) === O_WRONLY;
}

function opening(
  [path, flags, mode]: readonly Primitive[],
  { files, writable }: GuardContext,
): Prepared {
  const given = pathText(path);
  const wanted = flagsOf(flags, given);
  const permissions = modeOf(mode, 0o666, given);
  const access = wanted & ACCESS;
  const reads = access !== O_WRONLY;
  const writes = access !== O_RDONLY;
  const changes = writes || (wanted & O_CREAT) !== 0;
  const act = (found: Found): number => {
    const { place, ask } = found;
    const isMissing = place.errno !== null;
    if (files.isFull) throw errnoError("EMFILE", -24, "too many open files");
    if (!isMissing && (wanted & O_EXCL) !== 0)
      throw errnoError("EEXIST", -17, "file already exists");
    if ((wanted & O_CREAT) === 0) mustExist(place);
    if (!isMissing) mustBeStored(place.fd);
    if (reads && !isMissing) closeSync(openToRead(found));
    if (reads && changes) {
      ask(place.path, "write");
      mustStillBeNamed(place);
    }
    let seen = found.held;
    if (writes || isMissing) {
      const how = { exclusive: (wanted & O_EXCL) !== 0, how: wanted & (O_TRUNC | O_APPEND) };
      seen = used(openToWrite(found, how, permissions), (fd) => fstatSync(fd, { bigint: true }));
    }
    const appends = (wanted & O_APPEND) !== 0;
    return files.add({
      path: place.path,
      identity: identityOf(seen),
      reads,
      writes,
      appends,
      position: 0,
    });
  };
  return pathOperation(path, "open", act, {
    operation: reads ? "read" : "write",
    probe: (place) => (reads ? probeRead(place) : probeWrite(place, writable)),
  });
}

export const truncate: Guard = ([path, length], _mode, { writable }) => {
  const size = lengthOf(length, pathText(path));
  const cut = (found: Found): undefined => {
    mustExist(found.place);
    used(openToWrite(found, { exclusive: false, how: 0 }, 0), (fd) => ftruncateSync(fd, size));
    return undefined;
  };
  return pathOperation(path, "open", cut, { probe: (place) => probeWrite(place, writable) });
};

/**
 * File systems whose files are no data but the kernel's own: procfs, sysfs, debugfs, tracefs, securityfs, configfs, bpffs, efivarfs,
 * cgroup and cgroup2. Their numbers are those of statfs(2).
 */
const OF_THE_KERNEL: ReadonlySet<number> = new Set([
  0x9f_a0, 0x62_65_65_72, 0x64_62_67_20, 0x74_72_61_63, 0x73_63_66_73, 0x62_65_65_70, 0xca_fe_4a_11,
  0xde_5e_81_e4, 0x27_e0_eb, 0x63_67_72_70,
]);

/**
 * Refuses a file of the kernel's own. One that is read or written at a place of the guest's choice would be its way out: a place in
 * `/proc/self/mem` is one in the memory of the cell, code included, and `/proc` may be mounted under any name.
 */
function mustBeStored(fd: number): void {
  const { type } = statfsSync(byDescriptor(fd));
  if (OF_THE_KERNEL.has(type >>> 0)) throw errnoError("EINVAL", -22, "not a file of a disk");
}

/** Opens the file that is held. Opening does not wait, as it would for a pipe's other end. */
export function openToRead({ place, held }: Pick<Found, "place" | "held">): number {
  mustBeFile(held);
  const file = byDescriptor(place.fd);
  return permitted(file, R_OK, () => openSync(file, O_RDONLY | O_NONBLOCK));
}

/** Uses a descriptor, and closes it whatever comes of that. */
export function used<R>(fd: number, act: (fd: number) => R): R {
  try {
    return act(fd);
  } finally {
    closeSync(fd);
  }
}

/** Reads flags as the kernel has them. `O_EXCL` means something only where a file may be made, and `O_TRUNC` only where it is written. */
function flagsOf(flags: Primitive, given: string): number {
  const known = ACCESS | O_CREAT | O_EXCL | O_TRUNC | O_APPEND;
  const wanted = typeof flags === "number" && Number.isInteger(flags) ? flags : -1;
  const access = wanted & ACCESS;
  if (wanted < 0 || (wanted & ~known) !== 0 || access === ACCESS)
    throw new Malformed("the flags are not those of a file", given);
  if ((wanted & O_TRUNC) !== 0 && access === O_RDONLY)
    throw new Malformed("the flags empty a file that is not written", given);
  return (wanted & O_CREAT) === 0 ? wanted & ~O_EXCL : wanted;
}
