import { closeSync, openSync, readSync } from "node:fs";

/** What a program's file says that it needs to start. */
export interface ElfNeeds {
  /** The loader that the kernel starts instead (`PT_INTERP`); null for a static program and for a library. */
  readonly interpreter: string | null;
  /** Libraries by name, or by path where the name holds a slash (`DT_NEEDED`). */
  readonly needed: readonly string[];
  /** Folders to search first (`DT_RUNPATH` and the older `DT_RPATH`), with `$ORIGIN` still in them. */
  readonly folders: readonly string[];
}

const [PT_LOAD, PT_DYNAMIC, PT_INTERP] = [1, 2, 3];
const [DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH] = [1n, 5n, 15n, 29n];

/** Most bytes that are read of one part of a file; real programs have far less. */
const MAX_PART = 1024 * 1024;

/** Reads a 64-bit little-endian ELF file. Null for other files, such as scripts and programs of another word size. */
export function elfNeeds(path: string): ElfNeeds | null {
  const fd = openSync(path, "r");
  try {
    const head = readPart(fd, 0, 64);
    if (head.length < 64 || head.toString("latin1", 0, 6) !== "\u007fELF\u0002\u0001") return null;
    const size = head.readUInt16LE(54);
    const table = readPart(fd, Number(head.readBigUInt64LE(32)), size * head.readUInt16LE(56));
    const segments = Array.from({ length: Math.floor(table.length / size) }, (_, at) =>
      segmentAt(table, at * size),
    );
    return needsOf(fd, segments);
  } finally {
    closeSync(fd);
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

function segmentAt(table: Buffer, at: number): Segment {
  return {
    type: table.readUInt32LE(at),
    offset: Number(table.readBigUInt64LE(at + 8)),
    address: table.readBigUInt64LE(at + 16),
    size: Number(table.readBigUInt64LE(at + 32)),
  };
}

function needsOf(fd: number, segments: readonly Segment[]): ElfNeeds {
  const interp = segments.find(({ type }) => type === PT_INTERP);
  const interpreter =
    interp === undefined ? null : textAt(readPart(fd, interp.offset, interp.size), 0);
  const entries = dynamicEntries(
    fd,
    segments.find(({ type }) => type === PT_DYNAMIC),
  );
  const strings = entries.find(([tag]) => tag === DT_STRTAB)?.[1];
  const home = segments.find(
    ({ type, address, size }) =>
      type === PT_LOAD &&
      strings !== undefined &&
      strings >= address &&
      strings < address + BigInt(size),
  );
  if (strings === undefined || home === undefined) return { interpreter, needed: [], folders: [] };
  const start = home.offset + Number(strings - home.address);
  const texts = readPart(fd, start, home.offset + home.size - start);
  const valuesOf = (...tags: bigint[]): string[] =>
    entries.filter(([tag]) => tags.includes(tag)).map(([, value]) => textAt(texts, Number(value)));
  return {
    interpreter,
    needed: valuesOf(DT_NEEDED),
    folders: valuesOf(DT_RUNPATH, DT_RPATH)
      .flatMap((list) => list.split(":"))
      .filter((folder) => folder !== ""),
  };
}

function dynamicEntries(fd: number, segment: Segment | undefined): (readonly [bigint, bigint])[] {
  if (segment === undefined) return [];
  const bytes = readPart(fd, segment.offset, segment.size);
  const entries: (readonly [bigint, bigint])[] = [];
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const tag = bytes.readBigUInt64LE(at);
    if (tag === 0n) break;
    entries.push([tag, bytes.readBigUInt64LE(at + 8)]);
  }
  return entries;
}

function readPart(fd: number, offset: number, length: number): Buffer {
  const part = Buffer.alloc(Math.max(0, Math.min(length, MAX_PART)));
  return part.subarray(0, readSync(fd, part, 0, part.length, offset));
}

function textAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString("latin1", at, end < 0 ? bytes.length : end);
}
