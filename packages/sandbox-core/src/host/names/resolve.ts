import { isIP } from "node:net";

import {
  canonicalHost,
  decide,
  type Decision,
  isPublicAddress,
  type Policy,
} from "@pyisolate/policy";

import { CellLookups, type Lookup } from "./lookup-queue.ts";

/** Most addresses of one name that are considered. */
const MAX_ADDRESSES = 8;

/** A network request after the host has looked at the addresses behind the name. */
export type Resolution =
  | { readonly kind: "granted"; readonly addresses: readonly string[] }
  | { readonly kind: "unresolved"; readonly code: string }
  /** The name was granted, what it resolves to was not. */
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
   * The addresses that a granted `host:port` may be connected to. A name's grant reaches public addresses only: loopback,
   * private and link-local ones need a rule that names the address, or a name in someone else's hands would open them (DNS
   * rebinding). A deny rule on an address holds whatever the name.
   *
   * @param policy Asked once the addresses are known: a reload in between holds.
   */
  async resolve(policy: () => Policy, target: string): Promise<Resolution> {
    const cut = target.lastIndexOf(":");
    const bare = unbracketed(target.slice(0, cut));
    // The rule that granted an address named that very address.
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

  /** The cell has ended: nothing is looked up for it any more. */
  end(): void {
    this.#lookups.end();
  }
}

function admitted(policy: Policy, found: readonly string[], port: string): Resolution {
  const addresses: string[] = [];
  let refused: Resolution | undefined;
  for (const address of found.slice(0, MAX_ADDRESSES)) {
    const canonical = canonicalHost(address);
    // A scoped address (`fe80::1%eth0`) is none that a policy could name.
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
