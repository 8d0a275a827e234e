import { quoted } from "../clean-text.ts";
import { LIMITS } from "../limits.ts";
import type { Limits } from "../policy.ts";
import type { RuleNotes } from "../rule-notes.ts";
import type { DenialReason } from "../vocabulary.ts";
import type { Cause, Lack } from "./explanation.ts";

/** Why, where a cause or a denial's reason is known: `explain` knows no request that one of the last six refused. */
export type Why =
  | Cause
  | Extract<DenialReason, "kernel" | "stale" | "auth" | "closed" | "unavailable">
  /** The kernel layer refused what the broker was not asked for. */
  | "kernel_alone";

/** The words that depend on nothing of a policy. They are what a guest may be told. */
const PLAIN: Readonly<Record<Why, string>> = {
  granted: "granted by a rule",
  no_rule: "no rule grants this operation, and none covers this target",
  operation_not_granted: "a rule covers this target, but does not grant this operation",
  outside_scope: "rules grant this operation, but none on this target",
  refused_by_rule: "refused by a rule that denies; no rule that is added can grant it",
  malformed: "the target or an argument of it is not valid, so no rule can grant it",
  limit: "a limit, which no rule can grant",
  not_grantable: "no policy can grant this",
  kernel: "granted by a rule, and refused by the kernel layer",
  stale: "granted by a rule, and refused by the kernel layer, whose plan is older than the policy",
  kernel_alone: "refused by the kernel layer, and no request explains it",
  auth: "the token is wrong",
  closed: "the cell had ended",
  unavailable: "no decision could be made",
};

/** The words of a denial's reason; `explain` names its causes a little differently. */
const CAUSES: Readonly<Record<DenialReason, Why>> = {
  no_rule: "no_rule",
  explicit_deny: "refused_by_rule",
  wrong_operation: "operation_not_granted",
  outside_scope: "outside_scope",
  malformed: "malformed",
  limit: "limit",
  kernel: "kernel",
  stale: "stale",
  auth: "auth",
  closed: "closed",
  unavailable: "unavailable",
};

export function whyOf(reason: DenialReason): Why {
  return CAUSES[reason];
}

/**
 * Why a request was refused, in the words of `explain`, without anything of the policy: no rule, no path, no host. For messages to
 * whom the policy must not be told, such as a guest.
 */
export function reasonInWords(reason: DenialReason): string {
  return PLAIN[whyOf(reason)];
}

/** What an explanation in words is made of. Its texts are clean, or quoted here. */
export interface Told {
  readonly capability: string;
  readonly operation: string;
  /** Clean and in quotes, or the description of what is no text. */
  readonly target: string;
  readonly why: Why;
  readonly rule: string;
  readonly notes: RuleNotes;
  /** As {@link limitInWords} gives it. */
  readonly limit: string | undefined;
  readonly lack: Lack | undefined;
  /** The lack's target in quotes; left out: as it is. */
  readonly wanted?: string | undefined;
  /** A pattern of a rule in quotes. */
  readonly pattern?: (text: string) => string;
}

/** The explanation in words: what was asked for, why it was decided so, and what the nearest rule lacks. */
export function inSentence({ capability, operation, target, ...told }: Told): string {
  const { why, rule, notes, limit, lack, wanted, pattern = quoted } = told;
  const value = why === "limit" && limit !== undefined ? `: ${limit}` : "";
  const said = UNDECIDED.has(why) ? "" : notesInWords(notes);
  const reason = `${ruled(why, rule) ?? PLAIN[why]}${value}${said}`;
  const asked = `${capability} ${operation} of ${target}: ${reason}`;
  return lack === undefined ? asked : `${asked}; ${lackInWords(lack, wanted, pattern)}`;
}

/** What no rule and no default of a policy decided. What the policy says of its default is not why. */
const UNDECIDED: ReadonlySet<Why> = new Set([
  "malformed",
  "limit",
  "not_grantable",
  "kernel_alone",
  "auth",
  "closed",
  "unavailable",
]);

/** The same words with the rule's name. */
function ruled(why: Why, rule: string): string | undefined {
  if (why === "granted") return `granted by rule "${rule}"`;
  if (why === "refused_by_rule")
    return `refused by rule "${rule}", which denies; no rule that is added can grant it`;
  if (why === "kernel" || why === "stale")
    return PLAIN[why].replace("by a rule", `by rule "${rule}"`);
  return undefined;
}

/** What the policy says of a limit; undefined where it has none of that name. */
export function limitInWords(operation: string, limits: Limits): string | undefined {
  for (const [name, { field }] of Object.entries(LIMITS)) {
    if (name.split("_")[0] === operation)
      return `${name} is ${limits[field]} in the policy, and a call can be given less`;
  }
  return undefined;
}

function notesInWords({ description, owner }: RuleNotes): string {
  const why = description === undefined ? "" : `, described as "${description}"`;
  return `${why}${owner === undefined ? "" : `, owned by "${owner}"`}`;
}

/** Most patterns of the nearest rule that a message shows. */
const MAX_SHOWN = 5;

function lackInWords(
  { rule, what, wanted, has }: Lack,
  shownWanted: string = quoted(wanted),
  pattern: (text: string) => string,
): string {
  const shown = has.slice(0, MAX_SHOWN).map((each) => pattern(each));
  const more = has.length > shown.length ? ` and ${has.length - shown.length} more` : "";
  return `the nearest rule "${rule}" lacks the ${what} ${shownWanted}: it has ${shown.join(", ")}${more}`;
}
