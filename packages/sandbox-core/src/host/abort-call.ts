import { encodeFrame, Frame } from "../frames.ts";
import type { Call } from "./calls.ts";
import type { CellProcess } from "./process/cell-process.ts";

/**
 * How long a cell may take to end a call that the host has aborted, milliseconds: many times what a cell takes that waits, on a
 * busy machine too.
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
 * @param onSilence Called if the cell does not end it in time: its guest computes, and does not hear.
 */
export function abortCall(
  call: Call,
  reason: unknown,
  process: Pick<CellProcess, "send">,
  onSilence: () => void,
): void {
  call.aborted = { reason };
  process.send(encodeFrame(Frame.abort, call.id, new Uint8Array()));
  // In place of the wall limit. It ends with the call, as that does.
  clearTimeout(call.timer);
  call.timer = setTimeout(onSilence, ABORT_GRACE_MS);
}
