import { linkedRecorders } from "../provider-link.ts";
import type { Logging } from "./providers.ts";

/** Denials of this process, of whose record it is not known yet what became. */
export function pendingDenials(): number {
  return linkedRecorders().reduce((sum, recorder) => sum + recorder.health().pending, 0);
}

/** Has every recorder of this process make the records that it still holds, at once. */
export function emitAll(): void {
  for (const recorder of linkedRecorders()) recorder.emitNow();
}

/** Denials of this process so far. */
export function denialsSoFar(): number {
  return linkedRecorders().reduce((sum, recorder) => sum + recorder.denied(), 0);
}

/**
 * For the end of a process, which gives no other turn: everything that waits in memory is written to the spool, if there is one.
 * Never throws.
 *
 * @returns a line that says what is lost with the process; undefined if nothing is.
 */
export function saveAtExit({ processor, spool }: Logging): string | undefined {
  if (processor === undefined) return undefined;
  let denials = pendingDenials();
  if (spool !== undefined) {
    emitAll();
    // Written to disk before it returns its promise, for whose end there is no time.
    void processor.forceFlush().catch(() => {});
    denials = 0;
  }
  const records = processor.waiting - processor.onDisk;
  if (denials === 0 && records === 0) return undefined;
  const left = denials > 0 ? `${denials} denials` : `${records} log records`;
  return (
    `telemetry: the process ends before ${left} could be sent: they are lost. ` +
    `To send them, \`await otel.shutdown()\` first; to keep them for the next process, give startTelemetry a \`spool\``
  );
}
