import type { DenialEvent, DenialSink } from "@pyisolate/policy";

/** A policy that lets guests import what a cell brokers, and the rules given. */
export function policyOf(rules: readonly object[], limits: object = {}): object {
  return {
    version: 1,
    name: "test",
    rules: [{ id: "std", effect: "allow", capability: "import", modules: ["*"] }, ...rules],
    limits: { cpu_ms: 5000, wall_ms: 20_000, memory_mib: 64, ...limits },
  };
}

/** A sink that keeps what it is told. */
export function keepingSink(): DenialSink & { readonly events: DenialEvent[] } {
  const events: DenialEvent[] = [];
  return { events, record: (event) => void events.push(event) };
}

/** Polls until a condition holds; fails, and says which, after a generous time. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    if (await holds()) return;
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

/** What a promise is rejected with; fails where it is not. */
export async function rejectionOf(
  promise: Promise<unknown>,
): Promise<Error & { readonly [field: string]: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { readonly [field: string]: unknown };
  }
  throw new Error("was not rejected");
}
