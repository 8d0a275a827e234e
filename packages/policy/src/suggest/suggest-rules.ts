import { decide } from "../decide.ts";
import { diffPolicies } from "../diff/diff-policies.ts";
import { flag, readOptions } from "../options.ts";
import { withRules } from "../parse/with-rules.ts";
import type { Policy } from "../policy.ts";
import { readCommandLine } from "../match/command-line.ts";
import type { Request } from "../request.ts";
import { rulesFor } from "./rules-for.ts";
import type { Suggestion } from "./suggestion.ts";

export interface SuggestOptions {
  /** Allow only the targets that were denied, and nothing like them. */
  readonly exact?: boolean;
}

/** A denial: a request, or a `DenialEvent`, or what a record says of one. */
export interface Denied {
  readonly capability: string;
  readonly operation: string;
  /** subprocess: the command, or without `args` the command line, as records show it. */
  readonly target: string;
  /** subprocess: the arguments. */
  readonly args?: readonly string[] | undefined;
}

/**
 * The smallest rules to add to a policy so that it allows given denials. Three or more targets that are alike become one pattern:
 * they differ only in digits, lie in one directory, or are ports of one host. No pattern is ever all of the file system, a directory
 * directly below its root, every host or every command.
 *
 * @remarks The result is checked: the denials are replayed on the policy with the rules, and `opens` compares both policies over
 *   every request. Costs some milliseconds, and about 0.1 ms for each different request.
 * @throws TypeError for an unknown option.
 * @throws TooEntangledError as `diffPolicies`.
 *
 * @example
 * suggestRules(policy, sandbox.denialEvents()).rules;
 * // [{ id: "allow-filesystem-read", effect: "allow", capability: "filesystem", operations: ["read"], paths: ["/srv/in/*.csv"] }]
 */
export function suggestRules(
  policy: Policy,
  denials: Iterable<Denied>,
  options: SuggestOptions = {},
): Suggestion {
  const { exact = false } = readOptions<SuggestOptions>("suggestRules", options, { exact: flag });
  const requests = [...denials].map(requestOf);
  const wanted = new Map<string, Request>();
  let granted = 0;
  for (const request of requests) {
    if (decide(policy, request).effect === "allow") granted += 1;
    else wanted.set(keyOf(request), request);
  }
  const { rules, wider, refused } = rulesFor(policy, [...wanted.values()], exact);
  const changed = rules.length === 0 ? policy : withRules(policy, rules);
  const allowed = requests.filter((request) => decide(changed, request).effect === "allow");
  return {
    rules,
    opens: diffPolicies(policy, changed),
    covers: allowed.length - granted,
    granted,
    refused,
    wider,
    policy: changed,
  };
}

/** The request that a denial refused. */
function requestOf({ capability, operation, target, args }: Denied): Request {
  if (capability === "subprocess" && args !== undefined)
    return { capability, operation, target, args };
  const command = capability === "subprocess" ? readCommandLine(target) : undefined;
  return command === undefined
    ? { capability, operation, target }
    : { capability, operation, target: command.path, args: command.args };
}

function keyOf({ capability, operation, target, args }: Request): string {
  return JSON.stringify([capability, operation, target, args]);
}
