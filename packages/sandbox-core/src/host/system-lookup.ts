import { Resolver } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { failure, type Lookup } from "./lookup-queue.ts";
import { parseHosts, parseResolvConf, type ResolvConf } from "./name-files.ts";
import { ParsedFile } from "./parsed-file.ts";

/** How long the second of two answers (A and AAAA) is waited for when the first has come, milliseconds: some servers never give one. */
const GRACE_MS = 250;

/** Longest name that DNS has, octets. */
const MAX_NAME = 253;

/** What c-ares says where there is no such name, or none with an address. */
const ABSENT = new Set(["ENOTFOUND", "ENODATA", "EBADNAME"]);

export interface SystemLookupOptions {
  /** `address:port` each; those of the system unless given. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
  readonly resolvConf?: string;
}

/**
 * Looks names up as the system does, without the system's resolver: getaddrinfo takes a thread of the host's for as long as a
 * server is silent, and cannot be told to stop. `localhost` and what is below it are this host (RFC 6761), then `/etc/hosts`
 * holds, then DNS, with the `search`, `domain`, `ndots`, `timeout` and `attempts` of `/etc/resolv.conf`. Rejects with the
 * codes of getaddrinfo: `ENOTFOUND`, and `EAI_AGAIN` where it could not be found out.
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

/** As glibc does: goes on where there is no such name, or a server fails; stops where none answers. */
async function search(
  name: string,
  conf: ResolvConf,
  servers: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  let hasFailed = false;
  for (const candidate of candidates(name, conf)) {
    signal.throwIfAborted();
    try {
      return await query(candidate, conf, servers, signal);
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

/** Both families, IPv4 first. Each look-up has a resolver of its own: there is no other way to cancel one. */
async function query(
  name: string,
  { timeoutMs, tries }: ResolvConf,
  servers: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  if (servers !== undefined) resolver.setServers(servers);
  const cancel = (): void => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const asked = [resolver.resolve4(name), resolver.resolve6(name)];
    const found: (readonly string[])[] = [];
    const all = Promise.allSettled(
      asked.map(async (answer, at) => {
        found[at] = await answer;
      }),
    );
    await Promise.any(asked).then(
      async () => await Promise.race([all, sleep(GRACE_MS, undefined, { ref: false })]),
      () => undefined,
    );
    if (found.length > 0) return found.flat();
    const failures = (await all).flatMap((one) =>
      one.status === "rejected" ? [one.reason as NodeJS.ErrnoException] : [],
    );
    // That one family is absent says nothing of the other.
    throw (
      failures.find(({ code }) => !ABSENT.has(code ?? "")) ?? failure("ENOTFOUND", "no address")
    );
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}
