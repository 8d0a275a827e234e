import assert from "node:assert/strict";

import { PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

// Leaves room for a result beside as many floods of 1000 bytes as fit.
const LIMIT = 100_700;

await arena(
  { limits: { output_bytes: LIMIT, cpu_ms: 5000, wall_ms: 20_000 } },
  async ({ spawn, events }) => {
    let due = 0;
    const floods = [
      `console.log("x".repeat(1000))`,
      `post("x".repeat(1000))`,
      `post(new Uint8Array(1000))`,
      `console.error({ a: "x".repeat(1000) })`,
    ];
    for (const flood of floods) {
      let arrived = 0;
      const cell = await spawn({ onConsole: (_level, text) => (arrived += text.length) });
      const drain = (async () => {
        for await (const message of cell.messages())
          arrived += (message as { length: number }).length;
      })();
      const error = await failureOf(cell.exec(`for (;;) ${flood};`));
      assert.ok(error instanceof PolicyError, error.message);
      assert.equal(error.denialEvent.policyRule, "limit.output", flood);
      assert.equal(error.denialEvent, events.at(-1));
      due += 1;
      assert.equal(events.length, due, flood);
      // The refusal can be caught; what is over the limit is refused again, and counted again.
      const caught = `(() => { let refused = 0; for (let i = 0; i < 300; i++) try { ${flood}; } catch (error) { if (error.name === "PolicyError") refused++; } return refused; })()`;
      const refused = Number(await cell.exec(caught));
      assert.ok(refused > 150, `${flood}: ${refused}`);
      due += refused;
      assert.equal(events.length, due, flood);
      assert.ok(arrived <= 2 * LIMIT, `${arrived} arrived`);
      // The limit is that of one call: the next begins anew.
      assert.equal(await cell.exec(`console.log("x"); post("x"); "fine"`), "fine");
      await cell.close();
      await drain;
    }
    // The result is output too.
    const cell = await spawn();
    for (const result of [
      `"x".repeat(${LIMIT + 1})`,
      `new Uint8Array(${LIMIT + 1})`,
      `Promise.resolve(Array.from({ length: 50_000 }, (_, i) => i))`,
    ]) {
      const error = await failureOf(cell.exec(result));
      assert.ok(
        error instanceof PolicyError && error.denialEvent.policyRule === "limit.output",
        error.message,
      );
      due += 1;
    }
    // A flood without a reader: the host keeps a bounded part of it.
    assert.equal(
      await cell.exec(`for (let i = 0; i < 20_000; i++) try { post(0); } catch { break; } 1`),
      1,
    );
    due = events.length;
    assert.equal(cell.closed, false);
    return due;
  },
);
