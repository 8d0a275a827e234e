import { encodeFrame, Frame } from "../frames.ts";
import type { Call } from "./calls.ts";
import type { CellProcess } from "./process/cell-process.ts";

/**
 * How long a cell may take to end a call that the host has aborted, milliseconds. A cell that waits needs a small part of it, even
 * on a busy machine.
 */
const ABORT_GRACE_MS = 2000;

/** Why a cell has ended whose guest could not be ended alone. */
export const ABORTED = "aborted";

/** Waits for a call. If its signal is aborted before its end, calls `onAbort` with the signal's reason. */
export async function abortable(
  promise: Promise<unknown>,
  signal: AbortSignal | undefined,
  onAbort: (reason: unknown) => void,
): Promise<unknown> {
  if (signal === undefined) return await promise;
  const abort = (): void => onAbort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * Asks the cell to end a call, whose outcome is the reason from now on.
 *
 * @param onSilence Called if the cell does not end it in time, because its guest computes and the cell reads no frame.
 */
export function abortCall(
  call: Call,
  reason: unknown,
  process: Pick<CellProcess, "send">,
  onSilence: () => void,
): void {
  call.aborted = { reason };
  process.send(encodeFrame(Frame.abort, call.id, new Uint8Array()));
  // Replace the timer of the wall limit. The call's end clears this one as it would have cleared that.
  clearTimeout(call.timer);
  call.timer = setTimeout(onSilence, ABORT_GRACE_MS);
}
