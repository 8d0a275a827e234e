import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { PolicyError, type SupervisorOptions } from "@pyisolate/sandbox-core";

import {
  CALLS_AT_THE_END,
  hostileCalls,
  TOLD_OF,
  type Tried,
} from "../../guest-names/hostile-calls.ts";
import { arena, failureOf, importing } from "./arena.ts";

/**
 * Guests that call every name which a guest can reach: with arguments that throw or look back, on objects whose inheritance tells of who
 * reads it, and from the end of the stack. What only Node has must not come to them, and each is told of exactly its own denials.
 */
export async function everyName(
  kernel: NonNullable<SupervisorOptions["kernel"]>,
  guests: readonly ("at the end" | "plain" | "polluted")[],
): Promise<void> {
  await arena(
    {
      rules: [importing("*"), { id: "rng", effect: "allow", capability: "random" }],
      limits: {
        cpu_ms: 30_000,
        wall_ms: 80_000,
        memory_mib: 192,
        calls: 1_000_000,
        output_bytes: 64_000_000,
      },
      tools: { "crm.lookup": async () => "never" },
      kernel,
    },
    async ({ spawn, events }) => {
      for (const guest of guests) {
        const cell = await spawn();
        const before = events.length;
        if (guest === "at the end") {
          await cell.exec(CALLS_AT_THE_END);
        } else {
          const tried = (await cell.exec(hostileCalls(guest === "polluted"))) as Tried;
          assert.deepEqual(tried.foreign, []);
          assert.ok(tried.called > 700 && tried.caught > 5000, JSON.stringify(tried));
        }
        const told = async (): Promise<Set<string>> =>
          new Set((await cell.exec(TOLD_OF)) as string[]);
        const untold = async (): Promise<string[]> => {
          const ids = await told();
          return events
            .slice(before)
            .filter(({ id }) => !ids.has(id))
            .map((event) => event.attemptedAction);
        };
        const ids = await told();
        // Looked at after what was told: a denial is recorded before its answer leaves the host.
        const recorded = new Set(events.map(({ id }) => id));
        assert.deepEqual(
          [...ids].filter((id) => !recorded.has(id)),
          [],
        );
        assert.ok(ids.size > 10, `${guest}: ${ids.size} denials`);
        if (guest !== "at the end") {
          // Answers that come by a callback have no promise to wait for.
          for (let left = 300; left > 0 && (await untold()).length > 0; left--) await sleep(10);
          assert.deepEqual(await untold(), []);
        }
        // Still in step: what is refused is refused by its own denial, and the value is its own.
        const refused = await failureOf(cell.exec(`require("node:fs").readFileSync("/last")`));
        assert.ok(refused instanceof PolicyError && refused.denialEvent === events.at(-1));
        assert.equal(refused.denialEvent.target, "/last");
        assert.equal(await cell.exec("6 * 7"), 42);
      }
      return events.length;
    },
  );
}
