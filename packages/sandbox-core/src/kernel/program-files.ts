import { closeSync, openSync, readSync, realpathSync } from "node:fs";
import { arch } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

import { elfNeeds } from "./elf.ts";
import { type Grant, RIGHTS } from "./rights.ts";

/** The files that a program cannot start without, by their real paths. */
export interface ProgramFiles {
  /** The files that the kernel executes: the program, its loader, and the interpreter of a script. */
  readonly executed: readonly string[];
  /** Libraries, and the loader's list of them. */
  readonly read: readonly string[];
}

/** The loader's list of libraries by name. The loader reads it if it may, and works without it. */
const LOADER_CACHE = "/etc/ld.so.cache";

/** Folders in which loaders search by default: glibc's on Debian and elsewhere, and musl's. */
const TRIPLET = arch() === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
const DEFAULT_FOLDERS = [
  `/lib/${TRIPLET}`,
  `/usr/lib/${TRIPLET}`,
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
  "/usr/local/lib",
];

/** Most interpreters in a row that one script leads through: Linux's own limit. */
const MAX_INTERPRETERS = 5;

/**
 * Collects all files that a program needs to start: interpreters of scripts, the loader, libraries, and the libraries of those. A
 * file that cannot be found is left out; the program then reports it itself.
 */
export function programFiles(program: string, cache: LibraryCache = loaderCache()): ProgramFiles {
  const executed = new Set<string>();
  const read = new Set<string>();
  let at: string | null = program;
  for (let step = 0; at !== null && step < MAX_INTERPRETERS; step++) {
    const real = realPath(at);
    if (real === null) break;
    executed.add(real);
    at = interpreterOf(real);
  }
  for (const file of executed) {
    const needs = tryElf(file);
    if (needs === null) continue;
    const loader = needs.interpreter === null ? null : realPath(needs.interpreter);
    if (loader !== null) executed.add(loader);
    if (needs.interpreter !== null || needs.needed.length > 0) libraries(file, cache, read);
  }
  const list = read.size > 0 ? realPath(LOADER_CACHE) : null;
  if (list !== null) read.add(list);
  return { executed: [...executed], read: [...read] };
}

/** The grants to execute programs. The kernel demands the rights to execute and to read, because it does both. */
export function grantsOf({ executed, read }: ProgramFiles): Grant[] {
  return [
    ...executed.map((path) => ({ path, rights: RIGHTS.execute | RIGHTS.read_file })),
    ...read.map((path) => ({ path, rights: RIGHTS.read_file })),
  ];
}

/** The libraries of a library, or of an addon such as a `.node` file. */
export function libraryFiles(
  library: string,
  cache: LibraryCache = loaderCache(),
): readonly string[] {
  const read = new Set<string>();
  const real = realPath(library);
  if (real === null) return [];
  read.add(real);
  libraries(real, cache, read);
  return [...read];
}

function libraries(file: string, cache: LibraryCache, found: Set<string>): void {
  const needs = tryElf(file);
  const own = (needs?.folders ?? []).map((folder) =>
    folder.replace(/\$(?:ORIGIN|\{ORIGIN\})/g, dirname(file)),
  );
  for (const name of needs?.needed ?? []) {
    const path = locate(name, own, cache);
    if (path === null || found.has(path)) continue;
    found.add(path);
    libraries(path, cache, found);
  }
}

function locate(name: string, folders: readonly string[], cache: LibraryCache): string | null {
  if (name.includes("/")) return isAbsolute(name) ? realPath(name) : null;
  const candidates = [
    ...folders.map((folder) => join(folder, name)),
    ...(cache.get(name) ?? []),
    ...DEFAULT_FOLDERS.map((folder) => join(folder, name)),
  ];
  for (const candidate of candidates) {
    const real = realPath(candidate);
    // A library of another architecture may have the same name in another folder.
    if (real !== null && tryElf(real) !== null) return real;
  }
  return null;
}

/** Paths of libraries by name. */
export type LibraryCache = ReadonlyMap<string, readonly string[]>;

/** Reads glibc's `ld.so.cache` (the format since glibc 2.2). Empty if there is none, as with musl. */
export function loaderCache(path = LOADER_CACHE): LibraryCache {
  const names = new Map<string, string[]>();
  const bytes = tryRead(path);
  const magic = "glibc-ld.so.cache1.1";
  const start = bytes.indexOf(magic, 0, "latin1");
  if (start < 0) return names;
  const count = bytes.readUInt32LE(start + 20);
  for (let at = start + 48, left = count; left > 0 && at + 24 <= bytes.length; at += 24, left--) {
    const name = textAt(bytes, start + bytes.readUInt32LE(at + 4));
    const file = textAt(bytes, start + bytes.readUInt32LE(at + 8));
    names.set(name, [...(names.get(name) ?? []), file]);
  }
  return names;
}

/** The interpreter in the first line of a script; null for other files. */
function interpreterOf(file: string): string | null {
  const line = tryRead(file, 256).toString("latin1").split("\n", 1)[0] ?? "";
  return /^#![ \t]*(\/[^ \t]*)/.exec(line)?.[1] ?? null;
}

function textAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return at < bytes.length ? bytes.toString("latin1", at, end < 0 ? bytes.length : end) : "";
}

function tryElf(file: string): ReturnType<typeof elfNeeds> {
  try {
    return elfNeeds(file);
  } catch {
    return null;
  }
}

function tryRead(file: string, most = 4 * 1024 * 1024): Buffer {
  try {
    const fd = openSync(file, "r");
    try {
      const bytes = Buffer.alloc(most);
      return bytes.subarray(0, readSync(fd, bytes, 0, most, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return Buffer.alloc(0);
  }
}

function realPath(path: string): string | null {
  try {
    return realpathSync.native(path);
  } catch {
    return null;
  }
}
