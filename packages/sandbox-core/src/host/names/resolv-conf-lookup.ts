import { askDns } from "./dns.ts";
import { ABSENT } from "./dns-query.ts";
import { failure, type Lookup } from "./lookup-queue.ts";
import { parseHosts, parseResolvConf, type ResolvConf } from "./hosts-and-resolv-conf.ts";
import { ParsedFile } from "./parsed-file.ts";

/** Longest name in DNS, octets. */
const MAX_NAME = 253;

export interface SystemLookupOptions {
  /** `address:port` of each server; the system's servers if left out. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
  readonly resolvConf?: string;
}

/**
 * Looks names up as the system does, but without the system's resolver: getaddrinfo holds one of the host's threads for as long
 * as a server is silent, and cannot be cancelled. `localhost` and names below it are this host (RFC 6761); then `/etc/hosts` is
 * tried, then DNS, with `search`, `domain`, `ndots`, `timeout` and `attempts` of `/etc/resolv.conf`. Rejects with codes of
 * getaddrinfo: `ENOTFOUND`, and `EAI_AGAIN` if no server could say.
 */
export function systemLookup({
  servers,
  hostsFile = "/etc/hosts",
  resolvConf = "/etc/resolv.conf",
}: SystemLookupOptions = {}): Lookup {
  const hosts = new ParsedFile(hostsFile, parseHosts);
  const conf = new ParsedFile(resolvConf, parseResolvConf);
  return async (hostname, { signal } = { signal: new AbortController().signal }) => {
    const name = hostname.toLowerCase().replace(/\.$/, "");
    if (name === "localhost" || name.endsWith(".localhost")) return ["127.0.0.1", "::1"];
    return hosts.value.get(name) ?? (await search(name, conf.value, servers, signal));
  };
}

/** Tries the candidates as glibc does: goes on if a name does not exist or a server fails, and stops if no server answers. */
async function search(
  name: string,
  conf: ResolvConf,
  servers: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { timeoutMs, tries } = conf;
  const asked = servers === undefined ? {} : { servers };
  let hasFailed = false;
  for (const candidate of candidates(name, conf)) {
    signal.throwIfAborted();
    try {
      return await askDns({ name: candidate, timeoutMs, tries, ...asked }, signal);
    } catch (error) {
      signal.throwIfAborted();
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ESERVFAIL") hasFailed = true;
      else if (!ABSENT.has(code ?? "")) throw failure("EAI_AGAIN", `${candidate}: ${code}`);
    }
  }
  throw hasFailed
    ? failure("EAI_AGAIN", `${name}: ESERVFAIL`)
    : failure("ENOTFOUND", `${name}: no address`);
}

function candidates(name: string, { search: domains, ndots }: ResolvConf): readonly string[] {
  const below = domains
    .map((domain) => `${name}.${domain}`)
    .filter((candidate) => candidate.length <= MAX_NAME);
  return name.split(".").length > ndots ? [name, ...below] : [...below, name];
}
