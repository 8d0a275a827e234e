import { Resolver } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { failure } from "./lookup-queue.ts";

/** How long to wait for the second of two answers (A and AAAA) after the first, milliseconds. Some servers never send one. */
const GRACE_MS = 250;

/** The codes of c-ares for a name that does not exist or has no address. */
export const ABSENT: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA", "EBADNAME"]);

/** One question to DNS. It is plain data, because it is posted to a thread. */
export interface DnsQuestion {
  readonly name: string;
  readonly timeoutMs: number;
  readonly tries: number;
  /** `address:port` of each server; the system's servers if left out. */
  readonly servers?: readonly string[];
}

/**
 * Queries DNS for the addresses of both families; IPv4 comes first. Each question has its own resolver, because c-ares can only
 * cancel all questions of a resolver. Rejects with the codes of c-ares.
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
    // If one family is absent, the other may still have failed, and its error says more.
    throw (
      failures.find(({ code }) => !ABSENT.has(code ?? "")) ?? failure("ENOTFOUND", "no address")
    );
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}
