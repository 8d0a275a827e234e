import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parsePolicy } from "@pyisolate/policy";
import { type Sandbox, Supervisor, watchPolicy } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { keepingSink, policyOf, until } from "../../testing/cells.ts";

const token = "s3cret";
const RELOADS = 1000;
const CELLS = 2;
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pyisolate-reloads-"));
  for (const name of ["a", "b"]) writeFileSync(join(folder, name), name);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Grants one of two files and one of two tools, and refuses the others by rules of its own. */
const granting = (name: string, other: string): string =>
  JSON.stringify({
    ...policyOf(
      [
        {
          id: `read-${name}`,
          effect: "allow",
          capability: "filesystem",
          paths: [join(folder, name)],
        },
        { id: `call-${name}`, effect: "allow", capability: "tool", tools: [name] },
        {
          id: `no-read-${other}`,
          effect: "deny",
          capability: "filesystem",
          paths: [join(folder, other)],
        },
        { id: `no-call-${other}`, effect: "deny", capability: "tool", tools: [other] },
      ],
      { calls: 1_000_000_000, cpu_ms: 600_000, wall_ms: 600_000 },
    ),
    name: `only-${name}`,
  });

/**
 * Asks for both, again and again; gives what was granted and the id of each refusal. It pauses, because guests that never do take the
 * processors from the host that is to reload.
 */
const GUEST = `
  const fs = require("node:fs");
  const ids = [];
  let granted = 0;
  for (let round = 0; round < 25; round++) {
    for (const name of ["a", "b"]) {
      try {
        if (fs.readFileSync(input + "/" + name, "utf8") !== name) throw new Error("another file");
        granted++;
      } catch (error) { if (error.name !== "PolicyError") throw error; ids.push(error.denialId); }
    }
    await Promise.all(["a", "b"].map(async (name) => {
      try { await tools[name](); granted++; }
      catch (error) { if (error.name !== "PolicyError") throw error; ids.push(error.denialId); }
    }));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  ({ ids, granted })`;
const REQUESTS = 25 * 4;

test("a thousand reloads in a flood lose no event, and one policy judges each request", async () => {
  const path = join(folder, "policy.json");
  const policies = [granting("a", "b"), granting("b", "a")];
  const [onlyA, onlyB] = policies.map((text) => parsePolicy(text).hash);
  const put = (text = ""): void => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  put(policies[0]);
  const denials = keepingSink();
  const loaded: string[] = [];
  let performed = 0;
  const tool = (): void => void performed++;
  await using supervisor = new Supervisor({
    policy: policies[0] ?? "",
    denials: { ...denials, policyLoaded: ({ hash }) => void loaded.push(hash) },
    tools: { a: tool, b: tool },
    token,
    kernel: "off",
    pool: 0,
  });
  await using watch = watchPolicy(path, supervisor, { token, settleMs: 10 });

  const over = new AbortController();
  const told = { requests: 0, granted: 0, ids: [] as string[] };
  const flood = async (cell: Sandbox): Promise<void> => {
    while (!over.signal.aborted) {
      const { ids, granted } = (await cell.exec(GUEST, { input: folder })) as typeof told;
      told.requests += REQUESTS;
      told.granted += granted;
      told.ids.push(...ids);
    }
  };
  const cells = await Promise.all(
    Array.from({ length: CELLS }, async (_, each) => await supervisor.spawn(`cell-${each}`)),
  );
  const floods = cells.map(flood);
  for (let each = 1; each <= RELOADS; each++) {
    put(policies[each % 2]);
    // One in ten by the kernel's word alone; the others at once, as by SIGHUP.
    if (each % 10 !== 0) await watch.reload();
    else
      await until("the change is seen", () => supervisor.policy.name === `only-${"ab"[each % 2]}`);
  }
  over.abort();
  await Promise.all(floods);

  expect(loaded).toHaveLength(RELOADS + 1);
  expect(watch.health.state).toBe("current");
  // Far more requests than reloads, or it was no flood.
  expect(told.requests).toBeGreaterThan(2 * RELOADS);
  // By what the guests were told: each request was granted or refused, and each refusal is one event.
  expect(told.granted + told.ids.length).toBe(told.requests);
  expect(new Set(told.ids).size).toBe(told.ids.length);
  expect(denials.events.map(({ id }) => id).toSorted()).toEqual(told.ids.toSorted());
  expect(supervisor.stats).toMatchObject({ denials: told.ids.length });
  expect(performed).toBeLessThan(told.granted);
  expect(performed).toBe(
    told.requests / 2 - denials.events.filter(({ capability }) => capability === "tool").length,
  );
  // The policy that an event names refuses that target, and by that rule.
  const amiss = denials.events.filter(({ target, capability, policyHash, policyRule, reason }) => {
    const name = target.at(-1);
    return (
      policyHash !== (name === "b" ? onlyA : onlyB) ||
      policyRule !== `no-${capability === "tool" ? "call" : "read"}-${name}` ||
      reason !== "explicit_deny"
    );
  });
  expect(amiss).toEqual([]);
  for (const hash of [onlyA, onlyB])
    expect(denials.events.some(({ policyHash }) => policyHash === hash)).toBe(true);
  for (const cell of cells) {
    const seqs = denials.events.filter((event) => event.cell === cell.name).map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, at) => at + 1));
  }
}, 300_000);
