import { scopeKeyOf } from "../match/scope.ts";
import type { Request } from "../request.ts";

/** The name of a home directory as records show it. What may stand before and behind it is what redaction asks for. */
const HOME = /(?<![\w.~-])~(?![\w.~-])/;

/** A character as records write one that could mislead a reader. */
const ESCAPE = /\\(?:\\|u\{[0-9a-f]{1,6}\})/;

/**
 * Why a record does not say what was denied; undefined if it does. A rule for the text as it stands would match nothing that is run.
 */
export function lostInRecord({ capability, target, args = [] }: Request): string | undefined {
  const texts = [target, ...args];
  const isPath = scopeKeyOf(capability) === "paths";
  // A path begins with its home directory; further on, `~` is a name like any other.
  const hasHome = isPath ? target.startsWith("~") : texts.some((text) => HOME.test(text));
  if (hasHome || texts.some((text) => text.includes("[redacted]"))) {
    return "part of the target was redacted, so that its record does not say what was denied";
  }
  if (texts.at(-1)?.endsWith("…") === true)
    return "the target was cut, so that its record does not say what was denied";
  if (args.some((argument) => ESCAPE.test(argument))) {
    return "an argument has characters that its record writes as escapes; name it by hand, perhaps with * in their place";
  }
  return undefined;
}
