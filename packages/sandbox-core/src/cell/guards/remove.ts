import { closeSync, constants, openSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";

import { below, byDescriptor, O_PATH, type ResolvedPath } from "../real-path.ts";
import { pathText } from "./parse-arguments.ts";
import { Failed, type Guard, Malformed } from "./guard.ts";
import { probeRemove } from "./kernel-probe.ts";
import { hooked } from "./kernel-refusal.ts";
import {
  errnoError,
  type Found,
  locateName,
  mustExist,
  mustStillBeNamed,
  pathOperation,
} from "./path-operation.ts";

const { O_DIRECTORY, O_NOFOLLOW } = constants;

/** Deepest directory that a recursive removal goes into: each level holds a descriptor. */
const MAX_DEPTH = 256;

/** Removes a name from its directory. A symlink is removed itself, never the file that it points to. */
export const rm: Guard = ([path, recursive, force]) => {
  const given = pathText(path);
  if (/(?:^|\/)\.{1,2}\/*$/.test(given)) throw new Malformed("no name to remove", given);
  return pathOperation(
    path,
    "rm",
    ({ place, asDirectory, ask }) => {
      const name = place.missing.at(-1);
      try {
        mustExist(place);
        if (name === undefined) throw errnoError("EBUSY", -16, "resource busy or locked");
        remove(place, name, { given, recursive: recursive === true, asDirectory, ask }, 0);
      } catch (error) {
        if (force !== true || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
      return undefined;
    },
    { find: locateName, lookup: "lstat", probe: probeRemove },
  );
};

/** Removes the name of a file or a symlink, and never a directory. */
export const unlink: Guard = ([path]) =>
  pathOperation(
    path,
    "unlink",
    ({ place, asDirectory }) => {
      mustExist(place);
      const name = place.missing.at(-1);
      if (name === undefined || asDirectory)
        throw errnoError("EISDIR", -21, "illegal operation on a directory");
      hooked("file", () => unlinkSync(byDescriptor(place.fd, name)));
      return undefined;
    },
    { find: locateName, probe: probeRemove },
  );

interface Removal extends Pick<Found, "asDirectory" | "ask"> {
  /** The path as the guest wrote it. */
  readonly given: string;
  readonly recursive: boolean;
}

/** An open directory, and the real path under which the broker was asked about its entries. */
type Held = Pick<ResolvedPath, "fd" | "held">;

/**
 * Removes a name from a directory. If the directory is moved meanwhile, its remaining entries are at another place: the whole
 * operation is looked up, and the broker asked, again.
 */
function remove(parent: Held, name: string, removal: Removal, depth: number): void {
  let fd: number;
  try {
    fd = openSync(byDescriptor(parent.fd, name), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    // If the directory was moved, the name may be missing here and still exist at the path that was decided.
    mustStillBeNamed(parent);
    if ((error as NodeJS.ErrnoException).code !== "ENOTDIR" || removal.asDirectory) throw error;
    hooked("file", () => unlinkSync(byDescriptor(parent.fd, name)));
    return;
  }
  try {
    if (!removal.recursive) throw isDirectory(removal.given);
    if (depth >= MAX_DEPTH)
      throw new Failed("The directory is nested too deeply to remove", { code: "ELOOP" });
    empty({ fd, held: below(parent.held, name) }, removal, depth);
  } finally {
    closeSync(fd);
  }
  mustStillBeNamed(parent);
  hooked("directory", () => rmdirSync(byDescriptor(parent.fd, name)));
}

/** Node's own error, and not one of the system's. */
function isDirectory(path: string): Failed {
  const message = `Path is a directory: rm returned EISDIR (is a directory) ${path}`;
  const fields = { code: "ERR_FS_EISDIR", errno: 21, syscall: "rm", path };
  return new Failed(message, { name: "SystemError", ...fields });
}

/** Removes the entries of a directory. An entry that another process removed first is not a failure. */
function empty(directory: Held, removal: Removal, depth: number): void {
  for (const entry of readdirSync(`${byDescriptor(directory.fd)}/`)) {
    removal.ask(below(directory.held, entry));
    try {
      remove(directory, entry, { ...removal, asDirectory: false }, depth + 1);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}
