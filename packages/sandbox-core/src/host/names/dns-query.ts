import { Resolver } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { failure } from "./lookup-queue.ts";

/** How long the second of two answers (A and AAAA) is waited for when the first has come, milliseconds: some servers never give one. */
const GRACE_MS = 250;

/** What c-ares says where there is no such name, or none with an address. */
export const ABSENT: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA", "EBADNAME"]);

/** One question to DNS. Plain data: it goes to a thread. */
export interface DnsQuestion {
  readonly name: string;
  readonly timeoutMs: number;
  readonly tries: number;
  /** `address:port` each; those of the system unless given. */
  readonly servers?: readonly string[];
}

/**
 * The addresses of both families, IPv4 first. Each question has a resolver of its own: there is no other way to cancel one.
 * Rejects with the codes of c-ares.
 */
export async function queryDns(
  { name, timeoutMs, tries, servers }: DnsQuestion,
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
