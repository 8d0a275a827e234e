import { cleanText } from "@pyisolate/policy";

/** Longest text of a thrown value in a warning, in UTF-16 code units. */
const LONGEST = 300;

/** What the host's code has thrown, as text for a warning: clean and short. Never throws, whatever was thrown. */
export function thrownText(thrown: unknown): string {
  try {
    return cleanText(thrown instanceof Error ? thrown.message : String(thrown), LONGEST);
  } catch {
    return "a value that cannot be shown";
  }
}
