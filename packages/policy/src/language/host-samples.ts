import type { Effort } from "./effort.ts";
import { type HostPattern, readHost } from "../match/host-pattern.ts";
import { canonicalHost } from "../match/canonical-host.ts";
import { type Address, contains, parseAddress } from "../match/address.ts";
import { FreeAddresses } from "./free-addresses.ts";
import type { Sample } from "./sampled-space.ts";
import { shortTexts } from "./short-texts.ts";

/** Longest host name, RFC 1035. */
const MAX_HOST = 253;
const CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

/**
 * A sample of each class of endpoints. Hosts fall into these classes: each host that a pattern names; the other names below each
 * `*.name`, the other addresses of each block, and the names and addresses that are left. Ports: each that a pattern of this
 * host names, and one other.
 */
export function* hostSamples(patterns: Iterable<string>, effort: Effort): Iterable<Sample> {
  const read = new Map<string, HostPattern>();
  for (const pattern of patterns) {
    const host = readHost(pattern);
    if (typeof host !== "string") read.set(pattern, host);
  }
  const hosts = new Hosts(read, effort);
  for (const host of hosts.samples()) yield* endpoints(host, hosts.covering(host), effort);
}

function* endpoints(
  host: string,
  covering: readonly (readonly [pattern: string, port: string])[],
  effort: Effort,
): Iterable<Sample> {
  const named = new Set(covering.map(([, port]) => port));
  const every = covering.filter(([, port]) => port === "*");
  for (const port of named) {
    if (port === "*") continue;
    effort.spend(covering.length + every.length);
    const own = covering.filter(([, other]) => other === port);
    yield { target: `${host}:${port}`, coveredBy: [...own, ...every].map(([pattern]) => pattern) };
  }
  if (every.length === 0) return;
  for (let port = 1; port <= MAX_PORT; port += 1) {
    if (named.has(String(port))) continue;
    yield { target: `${host}:${port}`, coveredBy: every.map(([pattern]) => pattern) };
    return;
  }
}

const MAX_PORT = 65_535;

type Row = readonly [pattern: string, port: string];

class Hosts {
  readonly #every: Row[] = [];
  readonly #byHost = new Map<string, Row[]>();
  /** `*.example.com` under `example.com`. */
  readonly #byEnd = new Map<string, Row[]>();
  readonly #blocks: (readonly [HostPattern, Row])[] = [];

  readonly #effort: Effort;

  constructor(read: ReadonlyMap<string, HostPattern>, effort: Effort) {
    this.#effort = effort;
    for (const [pattern, parsed] of read) {
      const { host, block, port } = parsed;
      const row: Row = [pattern, port];
      if (block !== undefined) this.#blocks.push([parsed, row]);
      else if (host === "*") this.#every.push(row);
      else if (host.startsWith("*.")) put(this.#byEnd, host.slice(2), row);
      else put(this.#byHost, host, row);
    }
  }

  /** The shortest host of each class. */
  *samples(): Iterable<string> {
    yield* this.#byHost.keys();
    for (const end of this.#byEnd.keys()) yield* this.#nameBelow(end);
    yield* this.#nameBelow("");
    yield* this.#addresses();
  }

  covering(host: string): readonly Row[] {
    const address = parseAddress(host);
    const ends: Row[] = [];
    for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
      ends.push(...(this.#byEnd.get(host.slice(dot + 1)) ?? []));
    }
    this.#effort.spend(this.#every.length + (address === null ? 0 : this.#blocks.length));
    const blocks = address === null ? [] : this.#blocksOf(address);
    return [...(this.#byHost.get(host) ?? []), ...ends, ...blocks, ...this.#every];
  }

  #blocksOf(address: Address): readonly Row[] {
    return this.#blocks.flatMap(([{ block }, row]) =>
      block !== undefined && contains(block, address) ? [row] : [],
    );
  }

  /** The shortest name below an end that no pattern tells apart from the other names there. With an empty end: any such name. */
  *#nameBelow(end: string): Iterable<string> {
    const below = end === "" ? "" : `.${end}`;
    for (const start of shortTexts(CHARACTERS, MAX_HOST - below.length)) {
      this.#effort.spend(20);
      const name = start + below;
      if (start === "" || this.#byHost.has(name) || this.#nearestEnd(name) !== end) continue;
      if (canonicalHost(name) !== name || parseAddress(name) !== null) continue;
      yield name;
      return;
    }
  }

  /** The longest end of a pattern that a name is below; empty if there is none. */
  #nearestEnd(name: string): string {
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const end = name.slice(dot + 1);
      if (this.#byEnd.has(end)) return end;
    }
    return "";
  }

  /** The shortest address of each block, and of the rest of each family, that no pattern names and no smaller block holds. */
  *#addresses(): Iterable<string> {
    const free = new FreeAddresses();
    for (const [{ block }] of this.#blocks) if (block !== undefined) free.addBlock(block);
    for (const host of this.#byHost.keys()) {
      const address = parseAddress(host);
      if (address !== null) free.addAddress(address);
    }
    yield* free.samples();
  }
}

function put(map: Map<string, Row[]>, key: string, row: Row): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [row]);
  else known.push(row);
}
