import { quotedClean, uncleaned } from "../clean-text.ts";
import type { DenialFields, Explains, ShownTexts } from "../event/event.ts";
import { canonicalPath } from "../match/canonical-target.ts";
import { readCommandLine } from "../match/command-line.ts";
import { scopingOf } from "../match/scope.ts";
import type { Limits, Policy, Rule } from "../policy.ts";
import type { Cause, Lack } from "./explanation.ts";
import { lackOf, type Target } from "./nearest-lack.ts";
import { inSentence, limitInWords, whyOf, type Why } from "./words.ts";

const explainers = new WeakMap<Policy, Explains>();

/**
 * What `denialEvent` takes as `explains`, for denials that this policy decided: it gives the words of `explain`, and for a denial
 * that no policy decided the words of its reason. One function for a policy, so that an event holds nothing of its request but its
 * own fields.
 */
export function explainer(policy: Policy): Explains {
  const known = explainers.get(policy);
  if (known !== undefined) return known;
  let byId: Rules | undefined;
  const made: Explains = (event, shown) => {
    byId ??= new Map(policy.rules.map((rule) => [rule.id, rule]));
    return explained({ rules: byId, limits: policy.limits }, event, shown);
  };
  explainers.set(policy, made);
  return made;
}

type Rules = ReadonlyMap<string, Rule>;

function explained(
  { rules, limits }: { readonly rules: Rules; readonly limits: Limits },
  event: DenialFields,
  shown: ShownTexts | undefined,
): string {
  const target = targetOf(event);
  const why = target === null && isByRules(event) ? "malformed" : whyDenied(event);
  // The rest of a text that was cut may be what a rule lacks.
  const lack =
    target === null || target === undefined ? undefined : lackIn(rules, event, why, target);
  const isShownAsItIs = shown === undefined || shown.target === event.target;
  const pattern = shown?.pattern;
  return inSentence({
    capability: quotedClean(event.capability),
    operation: quotedClean(event.operation),
    target: quotedClean(shown?.target ?? event.target),
    why,
    rule: event.policyRule,
    notes: {
      ...(event.ruleDescription !== null && { description: event.ruleDescription }),
      ...(event.ruleOwner !== null && { owner: event.ruleOwner }),
    },
    limit: why === "limit" ? limitInWords(event.operation, limits) : undefined,
    lack,
    ...(!isShownAsItIs && lack?.what !== "operation" && { wanted: quotedClean(shown.target) }),
    ...(pattern !== undefined && { pattern: (text: string) => quotedClean(pattern(text)) }),
  });
}

function whyDenied({ reason, brokerDecision, enforced }: DenialFields): Why {
  // What a shadow policy would allow has the reason of the real denial.
  if (!enforced && brokerDecision === "allow") return "granted";
  return reason === "kernel" && brokerDecision !== "allow" ? "kernel_alone" : whyOf(reason);
}

/** Whether the rules decided: `explain` then says of a malformed target that it is one. */
function isByRules({ reason }: DenialFields): boolean {
  return reason === "no_rule" || reason === "outside_scope" || reason === "wrong_operation";
}

/** What the event says was asked for; null if it is malformed, undefined if the event does not say it whole. */
function targetOf({ capability, target }: DenialFields): Target | null | undefined {
  const raw = uncleaned(target);
  if (raw === undefined) return undefined;
  const scoping = scopingOf(capability);
  if (capability !== "subprocess") {
    const canonical = scoping.canonical(raw, []);
    return canonical === null ? null : { capability, canonical, args: [] };
  }
  const command = readCommandLine(raw);
  if (command === undefined || scoping.canonical(command.path, command.args) === null) return null;
  const { path, args } = command;
  return { capability, canonical: canonicalPath(path) ?? path, args };
}

function lackIn(
  rules: Rules,
  { nearestRule, operation }: DenialFields,
  why: Why,
  target: Target,
): Lack | undefined {
  const nearest = rules.get(nearestRule?.id ?? "");
  return nearest && lackOf(nearest, operation, target, why as Cause);
}
