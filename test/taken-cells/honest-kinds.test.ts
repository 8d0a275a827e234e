import { expect, test } from "vitest";

import { HONEST_KINDS, posting, resulting } from "./honest-kinds.ts";
import { type Case, observe } from "./observation.ts";

/** Messages of each kind; a run by hand sends 2,000 (PYISOLATE_SMALL_HOST_MESSAGES). */
const MESSAGES = Number(process.env["PYISOLATE_SMALL_HOST_MESSAGES"] ?? 50);
const A_CALL = 50;
/** Nodes of a message: of most kinds that is some KiB. */
const N = 2000;
/** Nodes of a result: as many as an ordinary guest can make within its limits. */
const N_RESULT = 9000;
const PATIENCE_MS = 1_200_000;

/** For guests whose own work takes long: the limits are not what is looked at. */
const LIMITS = { cpu_ms: 10_000, wall_ms: 60_000 };

test.each(["none", "slow"] as const)(
  "messages that an ordinary guest shapes stop no loop and fill no host, with a reader: %s",
  async (reader) => {
    const cases = Object.keys(HONEST_KINDS).map<Case>((name) => ({
      name,
      reader,
      calls: [posting(name, N, A_CALL)],
      times: Math.ceil(MESSAGES / A_CALL),
      limits: LIMITS,
    }));
    await isHarmless(cases);
  },
  PATIENCE_MS,
);

test(
  "results that an ordinary guest shapes stop no loop and fill no host",
  async () => {
    const cases = Object.keys(HONEST_KINDS).map<Case>((name) => ({
      name,
      calls: [resulting(name, N_RESULT)],
      times: Math.ceil(MESSAGES / 20),
      limits: LIMITS,
    }));
    await isHarmless(cases);
  },
  PATIENCE_MS,
);

async function isHarmless(cases: readonly Case[]): Promise<void> {
  const { seen, died } = await observe(cases, { oldSpaceMib: 400, patienceMs: PATIENCE_MS });
  expect(died).toBeNull();
  const harmful = seen
    .filter(({ longestMs, peakMiB }) => longestMs > 50 || peakMiB > 200)
    .map(
      ({ name, longestMs, peakMiB }) =>
        `${name}: ${Math.round(longestMs)} ms, ${Math.round(peakMiB)} MiB`,
    );
  expect(harmful).toEqual([]);
  for (const { name, outcomes } of seen)
    for (const outcome of Object.keys(outcomes))
      expect(outcome, name).toMatch(/^(?:value|GuestError|PolicyError limit\.\w+)$/);
}
