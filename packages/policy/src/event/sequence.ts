import { randomBytes } from "node:crypto";

/**
 * Fewest names whose numbering is remembered: those heard of last. At the longest names this is some 20 MB, twice that just
 * before the older half is forgotten.
 */
const MIN_SEQUENCES = 65_536;

interface Sequence {
  readonly instance: string;
  last: number;
}

/** Names heard of since the last change of halves, and those heard of before it. */
let recent = new Map<string, Sequence>();
let older = new Map<string, Sequence>();
let isTold = false;

/** A name for one life of a cell: 96 random bits, so that ids made from it are unique across processes. */
export function newInstance(): string {
  return randomBytes(12).toString("base64url");
}

/**
 * The next number of a cell's denials. A name that was forgotten begins again at 1 with another instance in its ids, which
 * a process warning says once.
 *
 * @remarks Two halves and not one list in order of use: moving a busy name to the list's end on every event made each event
 * cost more the more other names there were.
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
