import type { Health } from "./health.ts";

/** What others want of a recorder of this process. */
interface LiveRecorder {
  /** Hands on what it still holds. */
  flush(): Promise<void>;
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

/** Has every recorder of this process hand on what it holds. */
export async function drainRecorders(): Promise<void> {
  await Promise.all(
    [...recorders].map(async (recorder) => {
      await recorder.flush();
    }),
  );
}

/** What the recorders of this process say of themselves. */
export function healthOfRecorders(): Health[] {
  return [...recorders].map((recorder) => recorder.health());
}
