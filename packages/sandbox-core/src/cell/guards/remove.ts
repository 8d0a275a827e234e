import { closeSync, constants, openSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";

import { below, byDescriptor, O_PATH } from "../real-path.ts";
import { pathText } from "./arguments.ts";
import { Failed, type Guard, Malformed } from "./guard.ts";
import { errnoError, type Found, locateName, mustExist, onPlace } from "./on-place.ts";

const { O_DIRECTORY, O_NOFOLLOW } = constants;

/** Deepest directory that a recursive removal goes into: each level holds a descriptor. */
const MAX_DEPTH = 256;

/** Removes a name from its directory, never what a symlink of that name points to. */
export const rm: Guard = ([path, recursive, force]) => {
  const given = pathText(path);
  if (/(?:^|\/)\.{1,2}\/*$/.test(given)) throw new Malformed("no name to remove", given);
  return onPlace(
    path,
    "rm",
    ({ place, asDirectory, ask }) => {
      const name = place.missing.at(-1);
      try {
        mustExist(place);
        if (name === undefined) throw errnoError("EBUSY", -16, "resource busy or locked");
        remove(
          place.fd,
          name,
          { path: place.path, recursive: recursive === true, asDirectory, ask },
          0,
        );
      } catch (error) {
        if (force !== true || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
      return undefined;
    },
    locateName,
  );
};

interface Removal extends Pick<Found, "asDirectory" | "ask"> {
  readonly path: string;
  readonly recursive: boolean;
}

function remove(parent: number, name: string, removal: Removal, depth: number): void {
  let directory: number;
  try {
    directory = openSync(byDescriptor(parent, name), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTDIR" || removal.asDirectory) throw error;
    unlinkSync(byDescriptor(parent, name));
    return;
  }
  try {
    if (!removal.recursive) throw errnoError("ERR_FS_EISDIR", -21, "path is a directory");
    if (depth >= MAX_DEPTH)
      throw new Failed("The directory is nested too deeply to remove", { code: "ELOOP" });
    for (const entry of readdirSync(`${byDescriptor(directory)}/`)) {
      const path = below(removal.path, entry);
      removal.ask(path);
      removeEntry(directory, entry, { ...removal, path, asDirectory: false }, depth + 1);
    }
  } finally {
    closeSync(directory);
  }
  rmdirSync(byDescriptor(parent, name));
}

/** As {@link remove}, and content where somebody else was first. */
function removeEntry(parent: number, name: string, removal: Removal, depth: number): void {
  try {
    remove(parent, name, removal, depth);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
