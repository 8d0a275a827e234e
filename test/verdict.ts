/** What a test run came to, as the reporter counted it. */
export interface Tally {
  readonly passed: number;
  /** Names of tests that failed or did not finish. */
  readonly failed: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  /** Failures that are no test's own: a file that does not load, a suite's hook, an unhandled error. */
  readonly errors: readonly string[];
}

/** How the runner's process ended. */
export type Ending = { readonly code: number } | { readonly signal: NodeJS.Signals };

/**
 * The closing lines of a run and its exit code, which is 0 exactly where the last line says `0 failed`.
 *
 * @param ci the value of the variable `CI`: where it is on, a skipped test is a failure.
 */
export function verdict(
  tally: Tally | undefined,
  ending: Ending,
  ci: string | undefined,
): { lines: string[]; exitCode: number } {
  const { passed, failed, skipped, errors } = tally ?? NOTHING;
  const forbidden = isOn(ci) ? skipped.length : 0;
  const faults = [...errors];
  if (tally === undefined) {
    faults.push(`vitest crashed: it ${described(ending)} without a tally`);
  } else if (passed + failed.length + errors.length + forbidden === 0) {
    faults.push("no test ran");
  } else if (failed.length + errors.length === 0 && !isClean(ending)) {
    faults.push(`vitest ${described(ending)} though no test failed`);
  }

  const lines = [
    ...skipped.map(({ name, reason }) => `skipped: ${name} (${reason})`),
    ...(forbidden > 0 ? [`CI=${ci}: each skipped test counts as failed`] : []),
    ...failed.map((name) => `failed: ${name}`),
    ...faults.map((fault) => `failed: ${fault}`),
  ];
  const bad = failed.length + faults.length + forbidden;
  const left = skipped.length - forbidden;
  lines.push(`${passed} passed, ${bad} failed${left > 0 ? `, ${left} skipped` : ""}`);
  return { lines, exitCode: bad === 0 ? 0 : 1 };
}

const NOTHING: Tally = { passed: 0, failed: [], skipped: [], errors: [] };

function isOn(ci: string | undefined): boolean {
  return ci !== undefined && !["", "0", "false"].includes(ci.toLowerCase());
}

function isClean(ending: Ending): boolean {
  return "code" in ending && ending.code === 0;
}

function described(ending: Ending): string {
  return "code" in ending
    ? `ended with exit code ${ending.code}`
    : `was killed by ${ending.signal}`;
}
