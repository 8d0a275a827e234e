import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits for what comes later; unlike the test runner's own poll, also where tests run side by side.
 *
 * @throws after 30 s, with the last value.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  satisfies: (value: T) => boolean,
): Promise<T> {
  for (const deadline = Date.now() + 30_000; ; await sleep(50)) {
    const value = await look();
    if (satisfies(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what}: still ${JSON.stringify(value)}`);
  }
}
