import { randomBytes } from "node:crypto";

/**
 * How many cell names at least keep their numbering; the names used last are kept. At the longest names this takes some 20 MB,
 * and twice as much just before the older half is dropped.
 */
const MIN_SEQUENCES = 65_536;

interface Sequence {
  readonly instance: string;
  last: number;
}

/** Names used since the halves were last swapped, and those used before. */
let recent = new Map<string, Sequence>();
let older = new Map<string, Sequence>();
let isTold = false;

/** A random name for one life of a cell: 96 bits, so that ids made from it are unique across processes. */
export function newInstance(): string {
  return randomBytes(12).toString("base64url");
}

/**
 * The next number of a cell's denials. A forgotten name begins again at 1, with another instance in its ids; a process warning
 * says so once.
 *
 * @remarks Uses two halves instead of one list in order of use: moving a busy name to the end on every event made each event cost
 *   more, the more other names there were.
 */
export function nextInSequence(cell: string): { readonly id: string; readonly seq: number } {
  const sequence = recent.get(cell) ?? remembered(cell);
  sequence.last += 1;
  return { id: `${sequence.instance}-${sequence.last}`, seq: sequence.last };
}

function remembered(cell: string): Sequence {
  if (recent.size >= MIN_SEQUENCES) {
    if (older.size > 0) tell();
    older = recent;
    recent = new Map();
  }
  const sequence = older.get(cell) ?? { instance: newInstance(), last: 0 };
  recent.set(cell, sequence);
  older.delete(cell);
  return sequence;
}

function tell(): void {
  if (isTold) return;
  isTold = true;
  process.emitWarning(
    `denialEvent numbers the denials of more than ${MIN_SEQUENCES} cell names; those unheard of for longest are forgotten, and begin again at seq 1 with another instance in their ids. Give id and seq to number them yourself.`,
    { code: "PYISOLATE_SEQUENCES" },
  );
}
