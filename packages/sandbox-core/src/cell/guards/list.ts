import { closeSync, constants, type Dirent, openSync, readdirSync } from "node:fs";

import type { Answer } from "../guest/bridge.ts";
import { below, byDescriptor, O_PATH, type ResolvedPath } from "../real-path.ts";
import { Failed, type Guard, Malformed } from "./guard.ts";
import { probeList } from "./kernel-probe.ts";
import { permitted } from "./kernel-refusal.ts";
import { pathText } from "./parse-arguments.ts";
import { type Found, mustExist, mustStillBeNamed, pathOperation } from "./path-operation.ts";
import { json, kindOf } from "./stat-answer.ts";

const { R_OK, O_DIRECTORY, O_NOFOLLOW } = constants;

/** Deepest directory that a recursive listing goes into: each level holds a descriptor. */
const MAX_DEPTH = 256;

/** A listing may take this part of the guest's memory (1/8): it exists as names, as JSON, and as what the guest makes of that. */
const MEMORY_SHARE = 8;

/** A name, its kind, and its directory's path below the one that was asked for. */
type Entry = readonly [name: string, kind: string, folder: string];

/**
 * Answers names; with `types`, lists of a name, its kind and its directory. A recursive listing asks for each directory below, and does
 * not go through symlinks: they lead to what has another path.
 */
export const readdir: Guard = ([path, types, encoding, recursive], _mode, { memoryBytes }) => {
  const given = pathText(path);
  if (!/^utf-?8$/i.test(String(encoding ?? "utf8"))) throw new Malformed("names are text", given);
  const list = ({ place, ask }: Found): Answer => {
    mustExist(place);
    const found =
      recursive === true
        ? tree(place, { ask, left: Math.floor(memoryBytes / MEMORY_SHARE), levels: [] })
        : entriesOf(place.fd).map((entry): Entry => [entry.name, kindOf(entry), ""]);
    return json(
      types === true ? found : found.map(([name, , folder]) => (folder && `${folder}/`) + name),
    );
  };
  return pathOperation(path, "scandir", list, { probe: probeList });
};

interface Listing extends Pick<Found, "ask"> {
  /** Bytes that it may still take. */
  left: number;
  /** What was found, by depth: Node gives what is nearer first. */
  readonly levels: Entry[][];
}

/** An open directory, and the real path under which the broker was asked about it. */
type Held = Pick<ResolvedPath, "fd" | "held">;

function tree(top: Held, listing: Listing): Entry[] {
  listTree(top, "", listing, 0);
  return listing.levels.flat();
}

function listTree(directory: Held, folder: string, listing: Listing, depth: number): void {
  if (depth >= MAX_DEPTH)
    throw new Failed("The directory is nested too deeply to list", { code: "ELOOP" });
  // It was granted at its path: if it has been moved since, the whole operation is looked up, and the broker asked, again.
  mustStillBeNamed(directory);
  const level = (listing.levels[depth] ??= []);
  for (const entry of entriesOf(directory.fd)) {
    // Two bytes a character, and the list around it.
    listing.left -= 2 * (entry.name.length + folder.length) + 64;
    if (listing.left < 0)
      throw new Failed("The listing is larger than this cell may hold at once", {
        code: "ERR_FS_FILE_TOO_LARGE",
      });
    level.push([entry.name, kindOf(entry), folder]);
    if (entry.isDirectory()) listBelow(directory, entry.name, folder, listing, depth + 1);
  }
}

/** Lists a directory in a directory. One that is gone, or a symlink by now, has no entries. */
function listBelow(
  parent: Held,
  name: string,
  folder: string,
  listing: Listing,
  depth: number,
): void {
  const held = below(parent.held, name);
  listing.ask(held);
  let fd: number;
  try {
    fd = openSync(byDescriptor(parent.fd, name), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    // If the parent was moved, the name may be missing here and still exist at the path that was decided.
    mustStillBeNamed(parent);
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return;
    throw error;
  }
  try {
    listTree({ fd, held }, folder === "" ? name : `${folder}/${name}`, listing, depth);
  } finally {
    closeSync(fd);
  }
}

function entriesOf(fd: number): Dirent[] {
  const directory = `${byDescriptor(fd)}/`;
  return permitted(directory, R_OK, () => readdirSync(directory, { withFileTypes: true }));
}
