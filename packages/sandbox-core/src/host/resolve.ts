import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

import { canonicalHost, decide, type Decision, isPublicAddress, type Policy } from "@pyisolate/policy";

/** Most addresses of one name that are considered. */
const MAX_ADDRESSES = 8;

/** A network request after the host has looked at the addresses behind the name. */
export type Resolution =
  | { readonly kind: "granted"; readonly addresses: readonly string[] }
  | { readonly kind: "unresolved"; readonly code: string }
  /** The name was granted, what it resolves to was not. */
  | { readonly kind: "refused"; readonly target: string; readonly decision: Extract<Decision, { effect: "deny" }> };

/**
 * The addresses that a granted `host:port` may be connected to. A name's grant reaches public addresses only: loopback,
 * private and link-local ones need a rule that names the address, or a name in someone else's hands would open them (DNS
 * rebinding). A deny rule on an address holds whatever the name.
 */
export async function resolve(policy: Policy, target: string): Promise<Resolution> {
  const cut = target.lastIndexOf(":");
  const host = target.slice(0, cut);
  const port = target.slice(cut + 1);
  const bare = host.replace(/^\[|\]$/g, "");
  // The rule that granted an address named that very address.
  if (isIP(bare) !== 0) return { kind: "granted", addresses: [bare] };
  let found: string[];
  try {
    found = (await lookup(bare, { all: true, order: "ipv4first" })).slice(0, MAX_ADDRESSES).map(({ address }) => address);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { kind: "unresolved", code: typeof code === "string" ? code : "ENOTFOUND" };
  }
  const addresses: string[] = [];
  let refused: Resolution | undefined;
  for (const address of found) {
    const canonical = canonicalHost(address) ?? address;
    const connect = `${canonical}:${port}`;
    const decision = decide(policy, { capability: "network", operation: "connect", target: connect });
    const bareAddress = canonical.replace(/^\[|\]$/g, "");
    if (decision.effect === "allow" || (decision.reason !== "explicit_deny" && isPublicAddress(bareAddress))) addresses.push(bareAddress);
    else refused ??= { kind: "refused", target: connect, decision };
  }
  if (addresses.length === 0 && refused !== undefined) return refused;
  return { kind: "granted", addresses };
}
