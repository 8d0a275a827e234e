import { parsePolicy } from "@pyisolate/policy";
import fc from "fast-check";
import { expect, test } from "vitest";

import { Calls } from "../host/calls.ts";
import { Accounts } from "./call-accounts.ts";

const limitsOf = (outputBytes: number) =>
  parsePolicy({ version: 1, name: "test", rules: [], limits: { output_bytes: outputBytes } })
    .limits;

/** What happens to the calls of a cell: one begins, one of them settles, one of them puts something out. */
const happenings = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ begin: fc.integer({ min: 1, max: 1000 }) }) },
    { weight: 3, arbitrary: fc.record({ settle: fc.nat() }) },
    {
      weight: 4,
      arbitrary: fc.record({ spend: fc.nat(), bytes: fc.integer({ min: 1, max: 99 }) }),
    },
  ),
  { minLength: 1, maxLength: 600, size: "max" },
);

test("cell and host count the output of every call alike, of those long settled too", () => {
  fc.assert(
    fc.property(happenings, (all) => {
      const host = new Calls(limitsOf(1));
      const cell = new Accounts();
      let begun = 0;
      const some = (index: number): number => (begun === 0 ? 0 : 1 + (index % begun));
      for (const what of all) {
        if ("begin" in what) {
          const limits = limitsOf(what.begin);
          const { call } = host.begin(limits, () => undefined);
          cell.begin(call.id, limits);
          begun = call.id;
        } else if ("settle" in what) {
          host.settle(some(what.settle));
          cell.settle(some(what.settle));
        } else if (begun > 0) {
          // As both do: the id that the cell puts on the frame is that of the account that it took it from.
          const account = cell.of(some(what.spend));
          account.outputUsed += what.bytes;
          host.account(account.id).outputBytes += what.bytes;
        }
      }
      for (let id = 0; id <= begun; id++) {
        const [mine, theirs] = [cell.of(id), host.account(id)];
        expect(mine.outputUsed).toBe(theirs.outputBytes);
        const isItsOwn = mine.id !== 0;
        expect(isItsOwn ? mine.outputBytes : 0).toBe(isItsOwn ? theirs.limits.outputBytes : 0);
      }
      for (const call of host.settleAll()) clearTimeout(call.timer);
    }),
    { numRuns: 200 },
  );
});
