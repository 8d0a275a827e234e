import { beforeAll, describe, expect, test } from "vitest";

import { type Case, type HostStart, type Observation, observe } from "../observation.ts";

/** A host of its own for each case (PYISOLATE_HOST_EACH=1): what one host does to the next case is out of the way. */
const HOST_EACH = process.env["PYISOLATE_HOST_EACH"] === "1";
const PATIENCE_MS = HOST_EACH ? 1_200_000 : 240_000;

/** A test for each case of a row, all watched in one host. */
export function eachCase(
  row: string,
  cases: readonly Case[],
  check: (seen: Observation) => void,
  start: HostStart = {},
): void {
  describe(row, () => {
    const seen = new Map<string, Observation>();
    const deaths: string[] = [];
    beforeAll(async () => {
      const hosts = HOST_EACH ? cases.map((one) => [one]) : [cases];
      for (const host of hosts) {
        const observed = await observe(host, { patienceMs: PATIENCE_MS, ...start });
        for (const observation of observed.seen) seen.set(observation.name, observation);
        if (observed.died !== null) deaths.push(observed.died);
      }
    }, PATIENCE_MS);
    test.each(cases)("$name", ({ name }) => {
      const observation = seen.get(name);
      expect(observation, `the host died ${deaths.join("; ")}`).toBeDefined();
      if (observation !== undefined) check(observation);
    });
  });
}

/** Longest that a host's loop may stand, milliseconds of its own CPU time. */
export const MAX_STALL_MS = 50;

/** How a call may end: with a value or with a documented error. */
export function endsAsDocumented({ outcomes }: Observation): void {
  for (const outcome of Object.keys(outcomes))
    expect(outcome).toMatch(/^(?:value|GuestError|ClosedError|PolicyError [\w.]+)$/);
}
