import type { OwnCapabilities } from "../capabilities.ts";
import { LIMIT_NAMES, LIMITS } from "../limits.ts";
import type { Policy, Rule } from "../policy.ts";
import type { RuleNotes } from "../rule-notes.ts";

/** The content of a policy, as `parsePolicy` takes it. */
export interface PolicyContent {
  readonly version: 1;
  readonly name: string;
  readonly capabilities?: OwnCapabilities;
  readonly default?: RuleNotes;
  readonly rules: readonly Rule[];
  readonly limits: Readonly<Record<string, number>>;
}

/** Writes a policy as the document that it could have been read from, with its defaults. */
export function documentOf(policy: Policy): PolicyContent {
  const { version, name, capabilities, rules, limits } = policy;
  const written = LIMIT_NAMES.map((each) => [each, limits[LIMITS[each].field]] as const);
  return {
    version,
    name,
    ...(Object.keys(capabilities).length > 0 && { capabilities }),
    ...(policy.default !== undefined && { default: policy.default }),
    rules,
    limits: Object.fromEntries(written),
  };
}
