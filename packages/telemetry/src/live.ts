import type { Health } from "./health.ts";

/** What others want of a recorder of this process. */
interface LiveRecorder {
  /** Hands on what it still holds, but for ends of cells of whose records it is not known what became. */
  flush(): Promise<void>;
  /** Hands those on too. @returns whether there were any. */
  flushClosedCells(): Promise<boolean>;
  health(): Health;
}

const recorders = new Set<LiveRecorder>();

/**
 * Makes a recorder known, so that whoever flushes or ends the SDK can have it drained first.
 *
 * @returns forgets it again.
 */
export function addRecorder(recorder: LiveRecorder): () => void {
  recorders.add(recorder);
  return () => {
    recorders.delete(recorder);
  };
}

/**
 * Has every recorder of this process hand on the records of what was denied, then wait for `delivered`, then hand on those of
 * the cells that ended, which tell what became of the former.
 */
export async function drainRecorders(delivered: () => Promise<unknown>): Promise<void> {
  const all = [...recorders];
  await Promise.all(all.map(async (recorder) => await recorder.flush()));
  await delivered();
  const told = await Promise.all(all.map(async (recorder) => await recorder.flushClosedCells()));
  if (told.includes(true)) await delivered();
}

/** What the recorders of this process say of themselves. */
export function healthOfRecorders(): Health[] {
  return [...recorders].map((recorder) => recorder.health());
}
