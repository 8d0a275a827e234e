import { MAX_TARGET_LENGTH } from "@pyisolate/policy/events";
import type { DenialEvent } from "@pyisolate/policy";

import { cleanOnce } from "../clean-once.ts";
import { cutText } from "./cut-text.ts";

const REDACTED = "[redacted]";

/** Separates arguments: white space, or a control character as clean text escapes it. */
const GAP = String.raw`(?:\s|\\u\{[0-9a-f]+\})`;
/** A value, with quotes as a shell reads them. */
const VALUE = String.raw`(?:"[^"]*"?|'[^']*'?|[^\s&"'])+`;
/** Names that secrets have. */
const SECRET = [
  "pass(?:word|wd|phrase|code)?",
  "pwd",
  "secret",
  "token",
  "(?<![a-z])(?:auth|key|sig)",
  "(?:api|access|private|client|account|shared)[-_]?key",
  "credentials?",
  "authorization",
  "signature",
  "cookie",
  "session[-_]?id",
].join("|");

/** Tested first: most targets are paths and hosts in which no rule below can match. */
const SUSPECT = new RegExp(
  String.raw`//|\?|/(?:home|root|users)\b|\\users\\|[=:]${GAP}*\S|${GAP}|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|AIza|[rs]k_live_|eyJ|-----BEGIN`,
  "i",
);

/** Each rule takes time linear in the text, or nearly so, and the text's length is bounded. */
const RULES: readonly (readonly [RegExp, string])[] = [
  // The user and password of a URL, also of one that was cut off before its `@`.
  [/(\/\/)[^/?#\s]*@/g, `$1${REDACTED}@`],
  [/(\/\/)[^/?#\s@]*:[^/?#\s@]*…$/g, `$1${REDACTED}…`],
  [new RegExp(`\\b((?:bearer|basic)${GAP}{1,4})[0-9a-z._~+/=-]{8,}`, "gi"), `$1${REDACTED}`],
  [
    new RegExp(`((?:${SECRET})[\\w.-]{0,40}["']?${GAP}{0,4}[=:]${GAP}{0,4})${VALUE}`, "gi"),
    `$1${REDACTED}`,
  ],
  [
    new RegExp(
      `((?:${SECRET})(?<=(?<![\\w-])--?[\\w.-]{1,60})[\\w.-]{0,40}${GAP}{1,4})(?!-)${VALUE}`,
      "gi",
    ),
    `$1${REDACTED}`,
  ],
  // Well-known shapes: the same as in otel-collector.yaml, the second net.
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*/g, REDACTED],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, REDACTED],
  [/\bgh[pousr]_[0-9A-Za-z]{36,}/g, REDACTED],
  [/\bgithub_pat_[0-9A-Za-z_]{50,}/g, REDACTED],
  [/\bglpat-[0-9A-Za-z_-]{20,}/g, REDACTED],
  [/\bxox[abeoprs]-[0-9A-Za-z-]{10,}/g, REDACTED],
  [/\bAIza[0-9A-Za-z_-]{35}/g, REDACTED],
  [/\b[rs]k_live_[0-9A-Za-z]{16,}/g, REDACTED],
  [/\beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]*/g, REDACTED],
  // The name of a home directory identifies a person. `/srv/home` is not a home directory.
  [/(?<![\w.~-])\/(?:home|Users)\/[^/\s"':;,]+/g, "~"],
  [/(?<![\w.~-])\/root(?![\w.-])/g, "~"],
  [/\b[A-Za-z]:(?:\\\\|\/)Users(?:\\\\|\/)[^\\/\s"':;,]+/gi, "~"],
];

const HOME_OF_PATH = /^\/(?:home|Users)\/[^/]+/;

/** A query: in a URL it goes to the end, elsewhere to the next white space. */
const QUERY = /\?[^\s#]*/g;
const URL_QUERY = /\?[^#]*/g;

/**
 * An event's target as it may leave the process: without the user info and query values of URLs, secrets in arguments,
 * credentials of a known shape, and names of home directories. Bounded and clean, like the target itself.
 */
export function redactTarget({
  target,
  capability,
}: Pick<DenialEvent, "target" | "capability">): string {
  const text = cleanOnce(target, MAX_TARGET_LENGTH);
  if (!SUSPECT.test(text)) return text;
  const isUrl = capability === "network";
  let redacted = text.replace(isUrl ? URL_QUERY : QUERY, (query, at: number) =>
    redactQuery(query, isUrl || text.lastIndexOf("//", at) >= 0),
  );
  // The whole target is one path, in which a home directory's name may have spaces.
  if (capability === "filesystem") redacted = redacted.replace(HOME_OF_PATH, "~");
  for (const [shape, instead] of RULES) redacted = redacted.replace(shape, instead);
  return cutText(redacted, MAX_TARGET_LENGTH);
}

function redactQuery(query: string, inUrl: boolean): string {
  return query.replace(
    /([?&;])([^=&;]*)(=?)([^&;]*)/g,
    (_, mark: string, name: string, is: string, value: string) => {
      if (is === "=") return value === "" ? `${mark}${name}=` : `${mark}${name}=${REDACTED}`;
      return inUrl && name !== "" ? `${mark}${REDACTED}` : `${mark}${name}`;
    },
  );
}
