import type { PolicyIssue } from "../errors.ts";
import { runsOthers } from "../match/runs-others.ts";
import { SCOPE_KEYS } from "../match/scope.ts";
import type { PolicyDocument } from "./document.ts";
import type { Path } from "./plain-data.ts";

/** What a policy grants that its author may not mean. */
export function warningsOf(
  { rules }: PolicyDocument,
  issueAt: (path: Path, message: string) => PolicyIssue,
): PolicyIssue[] {
  return rules.flatMap((rule, index) =>
    "commands" in rule && rule.effect === "allow"
      ? (rule.commands ?? []).flatMap((scope, at) => {
          const message = runsOthers(scope);
          return message === undefined
            ? []
            : [issueAt(["rules", index, SCOPE_KEYS.subprocess, at], message)];
        })
      : [],
  );
}
