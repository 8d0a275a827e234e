import { cleanText, isCleanText } from "@pyisolate/policy";

/**
 * Text that has been cleaned already, as `denialEvent` does, or that is cleaned now: an event may come from a guard that
 * made it by hand. Cleaned a second time, the escapes would be escaped.
 *
 * @param max Most UTF-16 code units.
 */
export function cleanOnce(text: string, max: number): string {
  // Whatever it was declared to be.
  const written = String(text);
  return isCleanText(written, max) ? written : cleanText(written, max);
}

/** As {@link cleanOnce}, for a text that is mostly the one of the time before: looking at it anew costs as much as a record. */
export function cleaner(max: number): (text: string) => string {
  let last = "";
  let clean = "";
  return (text) => {
    if (text !== last) {
      clean = cleanOnce(text, max);
      last = text;
    }
    return clean;
  };
}
