import { parseAddress } from "./address.ts";
import { BlockTree } from "./address-block-tree.ts";
import { hostOf, readHost } from "./host-pattern.ts";
import { PortRanks } from "./port-ranks.ts";
import { PrefixTree } from "./prefix-tree.ts";
import { NO_RANK, type NearIndex, type RankIndex } from "./rule-rank.ts";

/** Host patterns, indexed by host, by the domain that they are below, and by address block. */
export class HostIndex implements RankIndex {
  readonly #every = new PortRanks();
  readonly #byHost = new Map<string, PortRanks>();
  /** `*.example.com` is stored under `.example.com`. */
  readonly #byEnd = new Map<string, PortRanks>();
  #blocks: BlockTree | undefined;

  add(pattern: string, rank: number): void {
    const read = readHost(pattern);
    if (typeof read === "string") return;
    const { host, block, port } = read;
    if (block !== undefined) {
      this.#blocks ??= new BlockTree();
      this.#blocks.add(block, port, rank);
    } else if (host === "*") this.#every.add(port, rank);
    else if (host.startsWith("*.")) portsOf(this.#byEnd, host.slice(1)).add(port, rank);
    else portsOf(this.#byHost, host).add(port, rank);
  }

  /** @param endpoint As `canonicalEndpoint` returns it. */
  least(endpoint: string, below: number): number {
    const host = hostOf(endpoint);
    const port = endpoint.slice(host.length + 1);
    let best = this.#every.least(port, below);
    best = this.#byHost.get(host)?.least(port, best) ?? best;
    if (this.#byEnd.size > 0) {
      for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
        best = this.#byEnd.get(host.slice(dot))?.least(port, best) ?? best;
      }
    }
    if (this.#blocks === undefined) return best;
    const address = parseAddress(host);
    return address === null ? best : this.#blocks.least(address, port, best);
  }
}

function portsOf(map: Map<string, PortRanks>, key: string): PortRanks {
  const known = map.get(key);
  if (known !== undefined) return known;
  const ports = new PortRanks();
  map.set(key, ports);
  return ports;
}

/**
 * Finds the nearest host: the same host at another port, else the one that shares the longest start or end. Names are near if
 * they share their end, addresses if they share their start.
 */
export class NearHosts implements NearIndex {
  readonly #byHost = new Map<string, number>();
  readonly #starts = new PrefixTree();
  readonly #ends = new PrefixTree();

  add(pattern: string, rank: number): void {
    const host = hostOf(pattern);
    this.#byHost.set(host, Math.min(this.#byHost.get(host) ?? NO_RANK, rank));
    this.#starts.add(host, rank);
    this.#ends.add(reversed(host), rank);
  }

  nearest(target: string): number {
    const host = hostOf(target);
    const same = this.#byHost.get(host);
    if (same !== undefined) return same;
    const start = this.#starts.longest(host);
    const end = this.#ends.longestEnd(host);
    if (start.length === end.length) return Math.min(start.rank, end.rank);
    return start.length > end.length ? start.rank : end.rank;
  }
}

function reversed(text: string): string {
  let turned = "";
  for (let at = text.length - 1; at >= 0; at -= 1) turned += text.charAt(at);
  return turned;
}
