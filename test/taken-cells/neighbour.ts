import assert from "node:assert/strict";

import { PolicyError, type Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import { CellBooks } from "./cell-books.ts";

/** A host's other cells, of the package as it is: they must not feel what a taken cell does beside them. */
export interface Neighbour extends AsyncDisposable {
  /** Asks the same cell once more; its answer, and every count of it, must be right. */
  check(): Promise<void>;
  /** Whether a cell that spins is ended by its limit, at its time. */
  checkLimit(): Promise<void>;
}

/** CPU time that a spinning neighbour has, milliseconds. */
const CPU_MS = 200;
/** When its end is late, milliseconds: what the limit allows and a busy machine adds. */
const LATE_MS = 5000;

export async function neighbour(): Promise<Neighbour> {
  const books = new CellBooks();
  const limits = { cpu_ms: CPU_MS, wall_ms: 60_000, memory_mib: 64, calls: 1_000_000 };
  const policy = {
    version: 1,
    name: "neighbour",
    rules: [
      { id: "std", effect: "allow", capability: "import", modules: ["*"] },
      { id: "rng", effect: "allow", capability: "random" },
    ],
    limits,
  };
  const supervisor = new Supervisor({ policy, denials: books, pool: 1 });
  const lines: string[] = [];
  const cell = await supervisor.spawn("neighbour", {
    onConsole: (_level, text) => void lines.push(text),
  });
  const messages = cell.messages();
  assert.equal(await cell.exec(`globalThis.rounds = 0; const fs = require("node:fs"); 1`), 1);
  const start = cell.stats.allowed;
  let rounds = 0;
  let spinners = 0;
  return {
    check: async () => {
      rounds += 1;
      const program = `
        rounds += 1;
        console.log("round " + rounds);
        post({ rounds, text: "ä".repeat(100) });
        let refused = "";
        try { require("node:fs").readFileSync("/etc/shadow") } catch (error) { refused = error.denialId }
        ({ rounds, refused, random: crypto.randomUUID().length, map: new Map([[rounds, [1, 2.5, "three"]]]) })`;
      const answer = await cell.exec(program);
      const refused = cell.denialEvents().at(-1)?.id;
      assert.deepEqual(answer, {
        rounds,
        refused,
        random: 36,
        map: new Map([[rounds, [1, 2.5, "three"]]]),
      });
      assert.deepEqual((await messages.next()).value, { rounds, text: "ä".repeat(100) });
      assert.equal(lines.splice(0).join(), `round ${rounds}`);
      const { denials, byReason } = cell.stats;
      assert.deepEqual(
        { denials, byReason, told: books.denials("neighbour") },
        {
          denials: rounds,
          byReason: { no_rule: rounds },
          told: rounds,
        },
      );
      assert.equal((cell.stats.allowed - start) % rounds, 0, "each round asks the same");
    },
    checkLimit: async () => {
      spinners += 1;
      const spinner = await supervisor.spawn(`spinner ${spinners}`);
      const began = performance.now();
      const end = await endOf(spinner);
      const took = performance.now() - began;
      assert.equal(end, "limit.cpu");
      assert.ok(took < LATE_MS, `a neighbour's limit of ${CPU_MS} ms held after ${took} ms`);
      await spinner.close();
      books.settle(spinner.name, spinner.stats);
    },
    [Symbol.asyncDispose]: async () => {
      await supervisor.close();
      books.settle(cell.name, cell.stats);
    },
  };
}

async function endOf(spinner: Sandbox): Promise<string> {
  try {
    await spinner.exec("for (;;) {}");
    return "none";
  } catch (error) {
    return error instanceof PolicyError ? error.denialEvent.policyRule : String(error);
  }
}
