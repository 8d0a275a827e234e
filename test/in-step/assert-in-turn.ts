import fc from "fast-check";

/**
 * Asserts that a check passes for any value, within a time limit, and returns once no check is under way. fast-check cannot stop a
 * check that its limit interrupts: it ignores what the check finds and lets it run on. Without the wait, the next guest on the same
 * ground would be blamed for what that one still does there.
 *
 * @param limitMs When to begin no further check, milliseconds.
 * @throws What fast-check reports, or what the interrupted check found.
 */
export async function assertInTurn<T>(
  any: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
  { limitMs, ...parameters }: { limitMs: number; seed: number; numRuns: number },
): Promise<void> {
  let underWay: Promise<void> | undefined;
  const property = fc.asyncProperty(any, async (value) => {
    underWay = check(value);
    await underWay;
  });
  try {
    await fc.assert(property, {
      ...parameters,
      plugins: [fc.interruptAfterTimeLimit(limitMs)],
    });
  } catch (error) {
    await underWay?.catch(() => undefined);
    throw error;
  }
  await underWay;
}
