import type { CutPoint } from "./instrument.ts";

/** What a cut leaves behind. Whichever it is, nothing was performed without its own verdict. */
export const LEFT = {
  /** The operation was completed, and the guest got its result. */
  same: "as if it had not been",
  /** The guest was given an error, and nothing was performed. */
  failed: "an error, nothing performed",
  /** The guest was given an error after its operation had been allowed and performed. */
  performed: "an error, though performed as allowed",
  /** The process ended at once, and the call was told of the one record. */
  ended: "the cell ended at once",
  /** No code is left that would settle the call: its wall limit ends the cell, with one record. */
  waited: "the call waited for its limit",
  unreached: "not reached",
} as const;
export type Left = (typeof LEFT)[keyof typeof LEFT];

/** Functions of the cell that take what a guest gives, and the states in which they may be left. */
interface Group {
  readonly files: RegExp;
  /** What the functions are for. */
  readonly what: string;
  readonly leaves: readonly (keyof typeof LEFT)[];
}

/**
 * Every function of the cell, by where it stands: the state that it leaves if it is cut off at any of its statements. The first
 * group that fits counts. The test of the cut points holds the code to it.
 */
const CUT_STATES: readonly Group[] = [
  {
    files: /^cell\/(?:channel|exchange-in-step|commands\/(?:run-command-sync|command-thread))\.js /,
    what: "from a question to the whole of its answer: broker's verdict, command's outcome",
    leaves: ["ended", "failed"],
  },
  {
    files:
      /^(?:frames|failure-frame|verdict-frame|frame-reader|guest-frames|clone\/[a-z-]+|surface)\.js /,
    what: "frames and values to and from bytes",
    leaves: ["ended", "failed", "same"],
  },
  {
    files:
      /^cell\/(?:cell|call-accounts|addon|confined|timers|semaphore|call-budget|isolate|narrow|program-entry|outcome-frame|encode-value|later-requests|tool-requests|under-way|cancellations|guard-context|open-files)\.js /,
    what: "entries into the isolate, and what they leave to be sent",
    leaves: ["ended", "failed", "same"],
  },
  {
    files: /^cell\/dispatch\.js /,
    what: "one operation from its arguments to its answer",
    leaves: ["ended", "failed", "same", "performed"],
  },
  {
    files:
      /^cell\/(?:guards\/|http-exchange|content-encoding|real-path|commands\/(?:run-command|command-environment|command-error)\.js)|^module-name\.js /,
    what: "finding out what is asked, and performing it once it is allowed",
    leaves: ["ended", "failed", "same", "performed"],
  },
  {
    files: /^(?:modules\/[a-z-]+|cell\/(?:modules\/[a-z-]+|library-file))\.js /,
    what: "programs, modules and parts of the library made ready to run",
    leaves: ["ended", "failed", "same"],
  },
  {
    files: /^cell\/guest\//,
    what: "planted: stubs, modules, timers, results, in the guest's own isolate",
    leaves: ["failed", "same", "performed", "ended"],
  },
];

/**
 * Where a command runs, and where the guest calls the cell: with the handlers cut off as well, no code is left that would settle
 * the call.
 */
const LEAVES_WAITING =
  /^cell\/(?:commands\/(?:run-command|run-command-sync|command-thread)\.js |cell\.js Cell\.bridge\.)/;

/**
 * Where the library asks for a later turn. It runs as guest code: if the asking is cut off, a stream of the guest's never goes on, as if
 * the guest had not gone on by itself.
 */
const LEAVES_GUEST_WAITING =
  /^cell\/guest\/(?:globals\.js globals\.queueMicrotask|callbacks\.js callbacks\.callLater)/;

/** The names of the states in which a function may be left. With a burst its handlers are cut off as well. */
export function mayLeave({ file, fn }: CutPoint, burst: number): readonly Left[] {
  const group = CUT_STATES.find(({ files }) => files.test(`${file} ${fn}`));
  if (group === undefined) return [];
  const stays = LEAVES_GUEST_WAITING.test(`${file} ${fn}`) ? [LEFT.waited] : [];
  const leaves: readonly Left[] = [...group.leaves.map((name) => LEFT[name]), ...stays];
  if (burst === 0) return [...leaves, LEFT.unreached];
  const waits = LEAVES_WAITING.test(`${file} ${fn}`) ? [LEFT.waited] : [];
  return [...leaves, LEFT.unreached, LEFT.performed, ...waits];
}
