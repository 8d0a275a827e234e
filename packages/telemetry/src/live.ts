/** What a recorder still holds, handed on. */
type Flush = () => Promise<void>;

const recorders = new Set<Flush>();

/**
 * Makes a recorder known, so that whoever flushes or ends the SDK can have it drained first.
 *
 * @returns forgets it again.
 */
export function addRecorder(flush: Flush): () => void {
  recorders.add(flush);
  return () => {
    recorders.delete(flush);
  };
}

/** Has every recorder of this process hand on what it holds. */
export async function drainRecorders(): Promise<void> {
  await Promise.all(
    [...recorders].map(async (flush) => {
      await flush();
    }),
  );
}
