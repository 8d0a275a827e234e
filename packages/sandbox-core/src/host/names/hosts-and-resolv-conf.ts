import { hostname } from "node:os";
import { isIP } from "node:net";

/** Most domains of a `search` line that are tried: the limit of Kubernetes. */
const MAX_SEARCH = 32;

/** The part of resolv.conf(5) that says how names are looked up. c-ares reads the servers itself. */
export interface ResolvConf {
  /** Domains to append to a short name. */
  readonly search: readonly string[];
  /** A name with at least so many dots is first tried as it is. */
  readonly ndots: number;
  readonly timeoutMs: number;
  /** How often each server is tried. */
  readonly tries: number;
}

/** Parses hosts(5) into addresses by name, in lower case. IPv4 comes first, then the order of the file. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const addresses = found.get(key);
      if (addresses === undefined) found.set(key, [address]);
      else if (!addresses.includes(address)) addresses.push(address);
    }
  }
  for (const addresses of found.values()) addresses.sort((one, two) => isIP(one) - isIP(two));
  return found;
}

/** Parses resolv.conf(5). As in glibc, the last line of a kind counts, and options out of bounds are brought within them. */
export function parseResolvConf(text: string): ResolvConf {
  // The default is the domain of the host's own name.
  let search = [hostname().replace(/^[^.]*\.?/, "")];
  const options = { ndots: 1, timeout: 2, attempts: 2 };
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line
      .replace(/^\s*[#;].*/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "search") search = values;
    else if (keyword === "domain") search = values.slice(0, 1);
    else if (keyword === "options") {
      for (const value of values) {
        const [, name, number] = /^(ndots|timeout|attempts):(\d{1,4})$/.exec(value) ?? [];
        if (name !== undefined) options[name as keyof typeof options] = Number(number);
      }
    }
  }
  return {
    search: search
      .map((domain) => domain.toLowerCase().replace(/\.$/, ""))
      .filter((domain) => domain !== "")
      .slice(0, MAX_SEARCH),
    ndots: Math.min(options.ndots, 15),
    timeoutMs: Math.min(Math.max(options.timeout, 1), 30) * 1000,
    tries: Math.min(Math.max(options.attempts, 1), 5),
  };
}
