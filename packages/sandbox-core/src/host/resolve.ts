import { lookup as systemLookup } from "node:dns/promises";
import { isIP } from "node:net";

import {
  canonicalHost,
  decide,
  type Decision,
  isPublicAddress,
  type Policy,
} from "@pyisolate/policy";

/** Most addresses of one name that are considered. */
const MAX_ADDRESSES = 8;

/** How long one name may take, milliseconds. */
const LOOKUP_TIMEOUT_MS = 10_000;

/** Most names of one cell that are looked up at a time: the system's resolver has four threads for the whole host. */
const MAX_LOOKUPS = 2;

/**
 * The addresses of a host's name, the preferred first. A rejection's `code` (`ENOTFOUND`, `EAI_AGAIN`) is told to the guest.
 */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** The system's own resolver: `/etc/hosts`, then DNS. */
export const lookupBySystem: Lookup = async (hostname) =>
  (await systemLookup(hostname, { all: true, order: "ipv4first" })).map(({ address }) => address);

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
  readonly #lookup: Lookup;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(lookup: Lookup) {
    this.#lookup = lookup;
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
      found = Array.from(await this.#find(bare), String);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException | null)?.code;
      return {
        kind: "unresolved",
        code: typeof code === "string" && /^[A-Z_0-9]{1,32}$/.test(code) ? code : "ENOTFOUND",
      };
    }
    return admitted(policy(), found, target.slice(cut + 1));
  }

  async #find(hostname: string): Promise<readonly string[]> {
    if (this.#running >= MAX_LOOKUPS) {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve);
      });
    }
    this.#running += 1;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(Object.assign(new Error("lookup timed out"), { code: "ETIMEOUT" })),
        LOOKUP_TIMEOUT_MS,
      );
    });
    try {
      return await Promise.race([this.#lookup(hostname), late]);
    } finally {
      clearTimeout(timer);
      this.#running -= 1;
      this.#queue.shift()?.();
    }
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
