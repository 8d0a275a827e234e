import type { Findings } from "../report/findings/findings.ts";
import { gridOf } from "../report/findings/time-columns.ts";
import type { Ranked } from "../report/findings/ranking.ts";
import type { DenialRecord } from "../report/findings/records.ts";
import { layers } from "../report/findings/refusals.ts";

/** The texts of a specimen that a stranger may have written. */
export interface StrangersText {
  readonly cell: string;
  readonly rule: string;
  readonly reason: string;
  readonly target: string;
  readonly instance: string;
  readonly policy: string;
}

const TO = Date.UTC(2026, 10, 22, 22, 0, 0);
const FROM = TO - 4_800_000;
const GRID = gridOf({ from: FROM, to: TO }, 96);

/** Findings in which everything that a page can tell is there, a stranger's text in each place that can hold one. */
export function specimen(text: StrangersText): Findings {
  const record = (kernel: string, time: number): DenialRecord => ({
    time,
    id: `specimen-${time}`,
    cell: text.cell,
    capability: "filesystem",
    attemptedAction: `read:${text.target}`,
    rule: text.rule,
    reason: text.reason,
    broker: kernel === "deny" ? "allow" : "deny",
    kernel,
    nearestRule: `${text.rule}: scope`,
    description: text.policy,
    owner: text.policy,
    enforced: kernel === "deny",
    count: 3,
  });
  const gap = { from: FROM + 1_200_000, to: FROM + 1_500_000 };
  return {
    range: { from: FROM, to: TO },
    grid: GRID,
    filter: { job: text.instance, instance: text.instance, cell: text.cell },
    madeAt: TO,
    metrics: {
      ok: true,
      url: new URL("http://127.0.0.1:9090"),
      value: {
        refusals: {
          denials: 96,
          events: 96,
          shadow: 4,
          decisions: { allow: 900, deny: 96 },
          byCell: [counted(text.cell)],
          byCapability: [counted("filesystem")],
          byRule: [
            counted(text.rule),
            ...Array.from({ length: 9 }, (_, n) => counted(`rule-${n}`)),
          ],
          byReason: [counted(text.reason)],
          byLayers: new Map([
            [layers("deny", "not_evaluated"), 93],
            [layers("allow", "deny"), 2],
            [layers("not_evaluated", "deny"), 1],
          ]),
          newPairs: [
            {
              rule: text.rule,
              reason: text.reason,
              capabilities: ["filesystem"],
              total: 5,
              since: FROM,
            },
          ],
        },
        health: {
          instances: [
            {
              job: text.instance,
              instance: text.instance,
              first: FROM,
              last: TO,
              gaps: [gap],
              troubles: [{ state: text.reason, from: gap.to, to: gap.to + 60_000 }],
              state: text.reason,
              residual: 1,
              queue: 2,
              peak: 30,
            },
          ],
          heardBefore: true,
          silences: [gap],
          resolution: 9600,
          records: { emitted: 60, coalesced: 30, dropped: [counted(text.reason)] },
          folded: [],
          redactionsFailed: [],
          spool: { usage: 1024, limit: 268_435_456 },
          policyLoads: [{ time: FROM + 60_000, count: 1 }],
        },
      },
    },
    logStore: "VictoriaLogs",
    records: {
      ok: true,
      url: new URL("http://127.0.0.1:9428"),
      value: {
        telling: [record("deny", TO - 60_000)],
        newest: [record("not_evaluated", TO - 30_000)],
        read: 1,
        more: true,
        policyLoads: [
          {
            time: FROM + 60_000,
            service: text.instance,
            name: text.policy,
            hash: "ca10211bdd38fa41",
          },
        ],
      },
    },
  };
}

function counted(name: string): Ranked {
  return { name, total: 96, columns: GRID.ends.map((_, column) => (column % 7) + 1) };
}
