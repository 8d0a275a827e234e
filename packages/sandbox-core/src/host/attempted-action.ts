import {
  canonicalHost,
  cleanText,
  commandLine,
  MAX_TARGET_LENGTH,
  type Operation,
} from "@pyisolate/policy";

import type { GuardRequest } from "./channel/wire.ts";
import type { CanonicalRequest } from "./denial.ts";

/** A request in the policy's spelling, in which each host has one name. */
export function askedBy({ capability, operation, target, args }: GuardRequest): CanonicalRequest {
  return {
    capability,
    operation: operation as Operation,
    target: capability === "network" ? canonicalTarget(target) : target,
    ...(args === undefined ? {} : { args }),
  };
}

/** A call of a host's function, in the same spelling. */
export function callOf(tool: string): CanonicalRequest {
  return { capability: "tool", operation: "call", target: tool };
}

function canonicalTarget(target: string): string {
  const cut = target.lastIndexOf(":");
  const host = cut === -1 ? null : canonicalHost(target.slice(0, cut));
  return host === null ? target : `${host}${target.slice(cut)}`;
}

/** What a guest was about to do. */
export type Attempt = Pick<GuardRequest, "operation" | "target"> & {
  readonly capability: string;
  readonly args?: readonly string[] | undefined;
};

/** The target of a denial that has none of its own, such as a limit: the operation that the guest was about to do. */
export function attempted(request: Attempt): string {
  return cleanText(
    `${request.capability} ${request.operation}:${shown(request)}`,
    MAX_TARGET_LENGTH,
  );
}

/** A target as records show it: a command with its arguments. */
export function shown({
  target,
  args,
}: {
  readonly target: string;
  readonly args?: readonly string[] | undefined;
}): string {
  return args === undefined ? target : commandLine(target, args);
}
