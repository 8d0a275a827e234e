import type { BigIntStats } from "node:fs";

import { isSameFile } from "./real-path.ts";

/** Most files that a guest may have open at a time. */
const MAX_OPEN = 1024;

/** The first number that a guest gets: 0 to 2 are a process's standard streams. */
const FIRST = 3;

/** What tells a file from all others. */
export type FileIdentity = Pick<BigIntStats, "dev" | "ino" | "birthtimeNs">;

export function identityOf({ dev, ino, birthtimeNs }: BigIntStats): FileIdentity {
  return { dev, ino, birthtimeNs };
}

/**
 * A file that a guest has opened. It holds no descriptor: each use is a request of its own, which opens the path again and must find
 * this very file there.
 */
export interface OpenFile {
  /** The real path, as it was decided when the file was opened. */
  readonly path: string;
  /** What was found there. */
  readonly identity: FileIdentity;
  readonly reads: boolean;
  readonly writes: boolean;
  readonly appends: boolean;
  /** Where the next use begins that names no place: bytes. */
  position: number;
}

/**
 * Whether a file is the one that was opened. File systems give the number of a removed file to the next one that is made, so the time
 * of birth counts as well; it is 0 where the file system keeps none.
 */
export function isOpened({ identity }: OpenFile, held: FileIdentity): boolean {
  return isSameFile(identity, held) && identity.birthtimeNs === held.birthtimeNs;
}

/** The files that the guest has open, by the numbers that it knows them by. They outlast the call that has opened them. */
export class OpenFiles {
  readonly #files: (OpenFile | undefined)[] = [];

  /** @param fd Whatever the guest gave as a number. */
  of(fd: unknown): OpenFile | undefined {
    return typeof fd === "number" ? this.#files[fd - FIRST] : undefined;
  }

  get isFull(): boolean {
    return this.#free() >= MAX_OPEN;
  }

  /** @returns The lowest number that is free, as the kernel gives descriptors. */
  add(file: OpenFile): number {
    const index = this.#free();
    this.#files[index] = file;
    return index + FIRST;
  }

  /** @returns Whether it was open. */
  close(fd: unknown): boolean {
    if (typeof fd !== "number" || this.of(fd) === undefined) return false;
    this.#files[fd - FIRST] = undefined;
    return true;
  }

  #free(): number {
    const index = this.#files.indexOf(undefined);
    return index === -1 ? this.#files.length : index;
  }
}
