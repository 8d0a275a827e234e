import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";

import {
  byDescriptor,
  isSameFile,
  locate,
  openName,
  type ResolvedPath,
  statIfStillNamed,
} from "../real-path.ts";
import { type Guard, Malformed } from "./guard.ts";
import { probeRead, probeRemove } from "./kernel-probe.ts";
import { hooked, permitted } from "./kernel-refusal.ts";
import { pathText } from "./parse-arguments.ts";
import {
  endsAsDirectory,
  errnoError,
  type Found,
  locateName,
  mustBeFile,
  mustExist,
  mustStillBeNamed,
  pathOperation,
  PathRaced,
  resolveGiven,
} from "./path-operation.ts";
import { openToWrite } from "./write-file.ts";

const { COPYFILE_EXCL, O_NONBLOCK, O_RDONLY, O_TRUNC, R_OK } = constants;

/** How much is copied at a time, bytes. */
const CHUNK = 65_536;

/**
 * Copies the content of a file to a second path. Reading is the first request, writing a further one. Both files are opened by the
 * descriptors that were decided about.
 */
export const copyFile: Guard = ([path, second, mode]) => {
  const given = pathText(path);
  const dest = pathText(second);
  const flags = mode ?? 0;
  if (flags !== 0 && flags !== COPYFILE_EXCL)
    throw new Malformed("the mode is not one of copyFile", given);
  const asDirectory = endsAsDirectory(dest);
  const copy = ({ place, held, ask }: Found): undefined => {
    mustExist(place);
    mustBeFile(held);
    withPlace(locate(resolveGiven(dest), asDirectory), (to) => {
      ask(to.path, "write");
      mustStillBeNamed(place);
      const toHeld = statIfStillNamed(to);
      if (toHeld === null) throw new PathRaced();
      const exclusive = flags === COPYFILE_EXCL;
      if (!exclusive && to.errno === null && isSameFile(held, toHeld)) return;
      copyContent(place, { place: to, held: toHeld, asDirectory, ask }, exclusive);
    });
    return undefined;
  };
  return pathOperation(path, "copyfile", copy, { probe: probeRead, dest });
};

function copyContent(place: ResolvedPath, to: Found, exclusive: boolean): void {
  const file = byDescriptor(place.fd);
  const from = permitted(file, R_OK, () => openSync(file, O_RDONLY | O_NONBLOCK));
  try {
    const { mode } = fstatSync(from);
    const into = openToWrite(to, { exclusive, how: O_TRUNC }, mode & 0o777);
    try {
      const chunk = Buffer.allocUnsafe(CHUNK);
      for (;;) {
        const read = readSync(from, chunk, 0, CHUNK, null);
        if (read === 0) return;
        for (let at = 0; at < read;) at += writeSync(into, chunk, at, read - at);
      }
    } finally {
      closeSync(into);
    }
  } finally {
    closeSync(from);
  }
}

/**
 * Gives a file another name. Removing the old name is the first request; reading what it names and writing the new name are further
 * ones: what must not be read under one name must not become readable under another. A directory is not renamed, because each
 * file below it would get another name as well; nor is a symlink, which the kernel's plan lets no cell make.
 */
export const rename: Guard = ([path, second]) => {
  pathText(path);
  const dest = pathText(second);
  const move = ({ place, ask, asDirectory }: Found): undefined => {
    mustExist(place);
    const name = place.missing.at(-1);
    if (name === undefined) throw errnoError("EBUSY", -16, "resource busy or locked");
    withPlace({ fd: openName(place.fd, name) }, ({ fd }) => {
      const found = fstatSync(fd, { bigint: true });
      if (found.isDirectory() || asDirectory || endsAsDirectory(dest))
        throw errnoError("EISDIR", -21, "illegal operation on a directory");
      if (!found.isFile()) throw errnoError("EPERM", -1, "operation not permitted");
      ask(place.path, "read");
      withPlace(locateName(resolveGiven(dest)), (to) => {
        ask(to.path, "write");
        mustExist(to);
        const newName = to.missing.at(-1);
        if (newName === undefined) throw errnoError("EBUSY", -16, "resource busy or locked");
        mustStillBeNamed(place);
        mustStillBeNamed(to);
        const from = byDescriptor(place.fd, name);
        if (!isSameFile(found, lstatSync(from, { bigint: true }))) throw new PathRaced();
        hooked("file", () => renameSync(from, byDescriptor(to.fd, newName)));
      });
    });
    return undefined;
  };
  return pathOperation(path, "rename", move, { find: locateName, probe: probeRemove, dest });
};

function withPlace<Place extends { readonly fd: number }>(
  place: Place,
  act: (place: Place) => void,
): void {
  try {
    act(place);
  } finally {
    closeSync(place.fd);
  }
}
