import { isIP } from "node:net";

import {
  canonicalHost,
  decide,
  type Decision,
  isPublicAddress,
  type Policy,
} from "@pyisolate/policy";

import { CellLookups, type Lookup } from "./lookup-queue.ts";

/** Most addresses of one name that are used. */
const MAX_ADDRESSES = 8;

/** The verdict on a network request after the host has checked the addresses behind the name. */
export type Resolution =
  | { readonly kind: "granted"; readonly addresses: readonly string[] }
  | { readonly kind: "unresolved"; readonly code: string }
  /** The name was granted, but an address that it resolves to was not. */
  | {
      readonly kind: "refused";
      readonly target: string;
      readonly decision: Extract<Decision, { effect: "deny" }>;
    };

/** Resolves the names that one cell asks for. */
export class Resolver {
  readonly #lookups: CellLookups;

  constructor(lookup: Lookup) {
    this.#lookups = new CellLookups(lookup);
  }

  /**
   * Finds the addresses to which a granted `host:port` may connect. A grant for a name reaches public addresses only. Loopback,
   * private and link-local addresses need a rule that names the address: otherwise the owner of a name could point it at them
   * (DNS rebinding). A deny rule on an address holds for every name.
   *
   * @param policy Called once the addresses are known, so that a reload during the lookup holds.
   */
  async resolve(policy: () => Policy, target: string): Promise<Resolution> {
    const cut = target.lastIndexOf(":");
    const bare = unbracketed(target.slice(0, cut));
    // If the target is an address, the rule that granted it named that address.
    if (isIP(bare) !== 0) return { kind: "granted", addresses: [bare] };
    let found: readonly string[];
    try {
      found = Array.from(await this.#lookups.find(bare), String);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException | null)?.code;
      return {
        kind: "unresolved",
        code: typeof code === "string" && /^[A-Z_0-9]{1,32}$/.test(code) ? code : "ENOTFOUND",
      };
    }
    return admitted(policy(), found, target.slice(cut + 1));
  }

  /** The cell has ended: ends its lookups. */
  end(): void {
    this.#lookups.end();
  }
}

function admitted(policy: Policy, found: readonly string[], port: string): Resolution {
  const addresses: string[] = [];
  let refused: Resolution | undefined;
  for (const address of found.slice(0, MAX_ADDRESSES)) {
    const canonical = canonicalHost(address);
    // Skip a scoped address (`fe80::1%eth0`): a policy cannot name one.
    if (canonical === null || isIP(unbracketed(canonical)) === 0) continue;
    const connect = `${canonical}:${port}`;
    const decision = decide(policy, {
      capability: "network",
      operation: "connect",
      target: connect,
    });
    if (
      decision.effect === "allow" ||
      (decision.reason !== "explicit_deny" && isPublicAddress(canonical))
    )
      addresses.push(unbracketed(canonical));
    else refused ??= { kind: "refused", target: connect, decision };
  }
  if (addresses.length === 0 && refused !== undefined) return refused;
  return addresses.length === 0
    ? { kind: "unresolved", code: "ENOTFOUND" }
    : { kind: "granted", addresses };
}

function unbracketed(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
