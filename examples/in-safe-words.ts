// What the model or person that wrote the code may be told of its failure: nothing of the host, and enough to correct the code.
import { commandLine, type Policy, type Rule } from "@pyisolate/policy";
import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

/** Says why a program failed, in text that is clean already; of a denial, its id and what would have been allowed. */
export function inSafeWords(error: unknown, policy: Policy): string {
  if (error instanceof GuestError)
    return `${error.guestName}: ${error.message}\n${error.guestStack}`.trimEnd();
  if (!(error instanceof PolicyError)) return "The program did not end. Try again.";
  const { attemptedAction, capability, id, reason } = error.denialEvent;
  const denied = `Denied: ${capability} ${attemptedAction} (${reason}). Denial ${id}.`;
  if (capability === "limit") return `${denied} The session's state is gone.`;
  const allowed = policy.rules
    .filter((rule) => rule.effect === "allow" && rule.capability === capability)
    .map((rule) => `${rule.operations.join(", ")}: ${scopeOf(rule).join(" ")}`.trimEnd());
  return `${denied} Allowed is ${allowed.join("; ") || "nothing of this kind"}.`;
}

function scopeOf({ paths, hosts, commands, modules, tools, targets }: Rule): readonly string[] {
  const lines = commands?.map((one) =>
    typeof one === "string" ? one : commandLine(one.path, one.args),
  );
  return paths ?? hosts ?? lines ?? modules ?? tools ?? targets ?? [];
}
