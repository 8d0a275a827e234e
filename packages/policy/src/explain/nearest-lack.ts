import { isBuiltIn } from "../capabilities.ts";
import { commandLine } from "../match/command-line.ts";
import { hostOf } from "../match/host-pattern.ts";
import type { Rule } from "../policy.ts";
import type { RuleCapability } from "../vocabulary.ts";
import type { Cause, Lack } from "./explanation.ts";

/** What was asked for, as a rule would name it. */
export interface Target {
  readonly capability: RuleCapability;
  /** The target as a rule names it. */
  readonly canonical: string;
  /** subprocess: its arguments. */
  readonly args: readonly string[];
}

/** What a rule lacks to grant an operation on a target. */
export function lackOf(rule: Rule, operation: string, target: Target, cause: Cause): Lack {
  if (cause === "operation_not_granted") {
    return { rule: rule.id, what: "operation", wanted: operation, has: rule.operations };
  }
  const { canonical, args } = target;
  if (rule.commands !== undefined) {
    const has = rule.commands.map((scope) =>
      typeof scope === "string" ? scope : commandLine(scope.path, scope.args),
    );
    const isKnown = rule.commands.some(
      (scope) => typeof scope === "object" && scope.path === canonical,
    );
    const what = isKnown ? "arguments" : "command";
    return { rule: rule.id, what, wanted: commandLine(canonical, args), has };
  }
  const has = rule.paths ?? rule.hosts ?? rule.modules ?? rule.tools ?? rule.targets ?? [];
  return { rule: rule.id, what: whatOf(rule, canonical), wanted: canonical, has };
}

function whatOf({ capability, hosts }: Rule, target: string): Lack["what"] {
  if (capability === "network") {
    const host = hostOf(target);
    return hosts?.some((pattern) => hostOf(pattern) === host) === true ? "port" : "host";
  }
  if (capability === "import") return "module";
  if (capability === "tool") return "tool";
  return isBuiltIn(capability) ? "path" : "target";
}
