import { quoted } from "../clean-text.ts";
import { LIMIT_NAMES } from "../limits.ts";
import { OWN_SCOPE_KEY, SCOPE_KEYS, scopeKeyOf } from "../match/scope.ts";
import type { GuardedCapability } from "../vocabulary.ts";
import { didYouMean } from "./did-you-mean.ts";
import { NOTES } from "./notes-schema.ts";
import { declarationMistake } from "./own-capabilities.ts";
import type { Path, PlainObject } from "./plain-data.ts";

/** The keys of a policy. */
export const TOP_KEYS = ["version", "name", "capabilities", "rules", "limits"];
/** A key for editors. Messages do not list it among the valid keys, because no policy needs it. */
const SCHEMA_KEY = "$schema";
/** Nor these: a policy is one without them. */
const NOTE_KEYS = Object.keys(NOTES);
const DEFAULT_KEY = "default";
const RULE_KEYS = ["id", "effect", "capability", "operations"];
/** Only a rule for commands has it: commands are processes of their own, which the kernel may let read more. */
const READS_KEY = "reads";
const COMMAND_KEYS = ["path", "args"];
/** Each capability with the key of its scope. */
export const SCOPES = Object.entries(SCOPE_KEYS) as [GuardedCapability, string][];

/** What is said of a key that a policy does not have at this place, and the key that was probably meant. */
export function unknownKey(
  key: string,
  path: Path,
  container: PlainObject,
): { message: string; near: string | undefined } {
  if (path[0] === "capabilities") return { message: declarationMistake(key), near: undefined };
  const capability = path[0] === "rules" ? (container["capability"] as string) : undefined;
  const own = capability === undefined ? undefined : scopeKeyOf(capability);
  const known =
    path.length === 0
      ? TOP_KEYS
      : path[0] === DEFAULT_KEY
        ? NOTE_KEYS
        : path[0] === "limits"
          ? LIMIT_NAMES
          : path.at(-2) === SCOPE_KEYS.subprocess
            ? COMMAND_KEYS
            : [
                ...RULE_KEYS,
                ...(own === undefined ? [] : [own]),
                ...(own === SCOPE_KEYS.subprocess ? [READS_KEY] : []),
              ];
  const owner = path[0] === "rules" ? ownerOf(key) : undefined;
  if (owner !== undefined) {
    const instead = own === undefined ? "has no scope" : `has "${own}"`;
    return {
      message: `"${key}" is the scope of ${owner}; ${capability} ${instead}`,
      near: undefined,
    };
  }
  const unlisted =
    path.length === 0 ? [SCHEMA_KEY, DEFAULT_KEY] : path.length === 2 ? NOTE_KEYS : [];
  const near = didYouMean(key, [...known, ...unlisted]);
  const meant = near === undefined ? "" : `; did you mean "${near}"?`;
  return { message: `unknown key ${quoted(key)}${meant} (known: ${known.join(", ")})`, near };
}

/** Whose scope this key is, for a message. */
function ownerOf(key: string): string | undefined {
  if (key === OWN_SCOPE_KEY) return "declared capabilities";
  return SCOPES.find(([, scope]) => scope === key)?.[0];
}
