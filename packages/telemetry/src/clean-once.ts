import { cleanText, isCleanText } from "@pyisolate/policy/events";

/**
 * Cleans a text unless it is clean already. `denialEvent` has cleaned an event's texts, but a guard may have made the event
 * by hand; cleaning a text a second time would escape its escapes.
 *
 * @param max Longest result, in UTF-16 code units.
 */
export function cleanOnce(text: string, max: number): string {
  // A guard in JavaScript may have passed something that is not a string.
  const written = String(text);
  return isCleanText(written, max) ? written : cleanText(written, max);
}

/** As {@link cleanOnce}, with the last text remembered: checking the same text for each record would cost as much as the record. */
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
