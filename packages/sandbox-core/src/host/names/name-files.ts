import { hostname } from "node:os";
import { isIP } from "node:net";

/** Most domains of a `search` line that are tried: as many as Kubernetes takes. */
const MAX_SEARCH = 32;

/** What resolv.conf(5) says of how names are looked up. Its servers c-ares reads itself. */
export interface ResolvConf {
  /** Domains that a short name may be below. */
  readonly search: readonly string[];
  /** A name with as many dots is tried as it is first. */
  readonly ndots: number;
  readonly timeoutMs: number;
  /** Tries a server. */
  readonly tries: number;
}

/** Addresses by name, in lower case: hosts(5). IPv4 first, otherwise in the order of the file. */
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

/** The last line of a kind counts, as with glibc; options that are out of its bounds are brought within them. */
export function parseResolvConf(text: string): ResolvConf {
  // Without a line that says so, the host's own domain.
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
