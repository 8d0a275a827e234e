import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  BUILD_TIMEOUT_MS,
  type Servers,
  serversForTest,
  startStack,
  startVictoriaLogs,
} from "@pyisolate/stack";
import { EVENTS, METRICS, prometheusName } from "@pyisolate/telemetry";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { COLLECTOR } from "./collector-metrics.ts";
import { QUESTIONS } from "./questions.ts";

import { VICTORIALOGS } from "./stores/victorialogs.ts";
import { committedDashboards, type Dashboard, panelsOf, storeOf } from "./testing/committed.ts";
import { type Chosen, Grafana, type Range, type Row } from "./testing/grafana.ts";
import { type Click, follow, linksWithColumns, shown } from "./testing/links.ts";
import { SCANNED, SCANNER, startTrouble, TRACE } from "./testing/service.ts";

/** Queries that may have no answer here, by panel and query, each with the reason. */
const MAY_BE_EMPTY: Readonly<Record<string, string>> = {
  "Records out B": "counts what a store refused for good: this one refuses nothing",
  "Records out C": "counts what a full queue turned away: this one is not full",
  "Metric points in and out E": "counts what could not be offered to Prometheus",
  "Refused for memory A": "counts what the memory limiter turned away: there is memory",
  "Refused for memory B": "counts what the memory limiter turned away: there is memory",
  "Telemetry blind": "marks the times of blindness: records arrive",
};

/** Where records.jq is. */
const DOCS = fileURLToPath(new URL("../../../docs", import.meta.url));

// Loki's ask Prometheus for the same, and Loki for what stores.test.ts holds against these.
const dashboards = committedDashboards().filter((each) => storeOf(each) === VICTORIALOGS);
const cleanUp = new AsyncDisposableStack();
let world:
  | Promise<{ readonly grafana: Grafana; readonly range: Range; readonly logFile: string }>
  | undefined;
let grafana: Grafana;
let range: Range;

beforeEach(async ({ skip }) => {
  const servers = await serversForTest({ skip }, [
    "otelcol",
    "prometheus",
    "promtool",
    "victoria-logs",
  ]);
  world ??= open(servers);
  ({ grafana, range } = await world);
}, BUILD_TIMEOUT_MS);

afterAll(() => cleanUp.disposeAsync());

describe.each(dashboards)("$title", (dashboard) => {
  const panels = panelsOf(dashboard);
  const queries = panels.filter(({ targets = [] }) => targets.length > 0);

  test("has something to choose in each variable", async () => {
    const options = await grafana.options(dashboard, range);
    for (const [name, values] of options) expect(values, name).not.toEqual([]);
  });

  test.each(queries)("$title answers", async (panel) => {
    const answers = await grafana.panel(dashboard, panel, {}, range);
    const empty = answers
      .map((rows, index) => ({ name: `${panel.title} ${panel.targets?.[index]?.refId}`, rows }))
      .filter(({ name, rows }) => !hasData(rows) && !(name in MAY_BE_EMPTY));
    expect(empty.map(({ name }) => name)).toEqual([]);
  });

  test.each(queries)("$title answers of one service and one process alike", async (panel) => {
    const chosen = await oneOf(dashboard, ["job", "instance", "collector_job", "collector"]);
    await expect(grafana.panel(dashboard, panel, chosen, range)).resolves.toBeInstanceOf(Array);
  });

  test.each(dashboard.annotations.list)("marks “$name”", async (annotation) => {
    const rows = await grafana.annotation(dashboard, annotation, range);
    expect(hasData(rows) || annotation.name in MAY_BE_EMPTY).toBe(true);
  });

  test.each(panels.filter((panel) => linksWithColumns(panel).length > 0))(
    "$title leads where there is something to see",
    async (panel) => {
      const [rows = []] = await grafana.panel(dashboard, panel, {}, range);
      const clicked = rows.find(
        (row) => hasData([row]) && Object.values(row.labels).includes(SCANNER),
      );
      for (const { url, on } of linksWithColumns(panel)) {
        const row =
          on === "Trace"
            ? rows.find(({ labels }) => labels["trace_id"] !== undefined)
            : (clicked ?? rows.findLast((each) => hasData([each])));
        const to = follow(url, dashboard, clickOn(row, on, shown(panel, row ?? nothing)), range);
        expect(to.panes === null ? hasData(await seen(to)) : queriedTrace(to.panes), url).toBe(
          to.panes === null ? true : TRACE,
        );
      }
    },
  );
});

describe("What they show is what happened", () => {
  test("each cell's denials, to the last one", async () => {
    const cells = byLabel(await answerOf("Top cells"), "pyisolate_cell");
    expect(cells.get(SCANNER)).toBe(SCANNED);
    expect(cells.get("tenant-b")).toBe(1);
    expect([...cells.values()].reduce((sum, count) => sum + count, 0)).toBe(2000 + SCANNED + 3);
  });

  test("each denial in one bar of a timeline, though its counter began with it", async () => {
    const bars = await answerOf("Denials by cell");
    const denials = bars.map(({ labels, points }) => [
      labels["pyisolate_cell"],
      Math.round(points.reduce((sum, [, perSecond]) => sum + perSecond * 60, 0)),
    ]);
    expect(denials).toContainEqual([SCANNER, SCANNED]);
    expect(denials).toContainEqual(["tenant-b", 1]);
  });

  test("both of the kernel's refusals, in their places of the matrix", async () => {
    const matrix = await answerOf("Broker × kernel");
    const at = (broker: string, kernel: string) =>
      matrix.find(
        ({ labels }) =>
          labels["pyisolate_broker_decision"] === broker &&
          labels["pyisolate_kernel_decision"] === kernel,
      )?.points[0]?.[1];
    expect(at("allow", "deny")).toBe(1);
    expect(at("not_evaluated", "deny")).toBe(1);
    expect(at("deny", "not_evaluated")).toBe(2000 + SCANNED + 1);
  });

  test.each(["Kernel refused an allow", "Escape attempts"])("%s: 1", async (title) => {
    const [answer] = await answerOf(title);
    expect(answer?.points[0]?.[1]).toBe(1);
  });

  test("a ledger that balances", async () => {
    const [answer] = await answerOf("Ledger residual");
    expect(answer?.points[0]?.[1]).toBe(0);
  });

  test("the records of one cell only, however it is called", async () => {
    const rows = await answerOf("Records of denials", { cell: [SCANNER] });
    expect(rows).toHaveLength(SCANNED);
    expect(new Set(rows.map(({ labels }) => labels["pyisolate.cell"]))).toEqual(new Set([SCANNER]));
  });

  test("the records of a job that has a namespace", async () => {
    const rows = await answerOf("Records of denials", { job: ["shop/uploads"] });
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every(({ labels }) => labels["pyisolate.cell"]?.startsWith("cell-"))).toBe(true);
  });
});

describe("What a store of records is asked", () => {
  test("has how bad each one is, in a word", async () => {
    const rows = await answerOf("Records of denials", { cell: ["tenant-b", "tenant-c"] });
    expect(new Map(rows.map(({ labels }) => [labels["pyisolate.cell"], labels["level"]]))).toEqual(
      new Map([
        ["tenant-b", "warn"],
        ["tenant-c", "error"],
      ]),
    );
  });

  test("counts a denial once that arrived again, to the last one of a cell", async () => {
    const series = await answerOf("Denials by cell and operation, from the records", {
      cell: [SCANNER],
    });
    const denials = series.flatMap(({ points }) => points.map(([, count]) => count));
    expect(denials.reduce((sum, count) => sum + count, 0)).toBe(SCANNED);
    const rows = await answerOf("Records of denials", { cell: [SCANNER] });
    expect(new Set(rows.map(({ labels }) => labels["pyisolate.denial.id"])).size).toBe(rows.length);
    const arrived = await answerOf("Denials that arrived in VictoriaLogs", { job: ["plugins"] });
    const total = arrived.flatMap(({ points }) => points).reduce((sum, [, n]) => sum + n, 0);
    expect(total).toBe(2 * (SCANNED + 4));
  });

  // Hosts and policies choose the names of cells and rules.
  test.each([
    `"} | delete *`,
    'x") or *:* ("',
    "back`tick",
    "back\\slash\\",
    "$cell ${rule} $__all",
    ".+",
    "a,b",
    "in(*)",
    "tenant (a|b)",
  ])("takes a name for a name: %s", async (name) => {
    for (const title of ["Records of denials", "Denials by cell and operation, from the records"]) {
      await expect(answerOf(title, { cell: [name] })).resolves.toEqual([]);
      await expect(
        answerOf(title, { cell: [name, "tenant-c"], rule: ["api"] }),
      ).resolves.toHaveLength(1);
    }
  });
});

describe("Where there is no store, jq on the Collector's own file", () => {
  beforeEach(async ({ skip }) => {
    await needsJq(skip);
  });

  const asked = QUESTIONS.flatMap(({ question, jq }) =>
    jq === undefined ? [] : [{ question, jq }],
  );

  test.each(asked)("answers: $question", async ({ jq }) => {
    expect(await jqOnFile(jq)).not.toEqual([]);
  });

  test("answers what the runbook has it asked", async () => {
    const runbook = await readFile(join(DOCS, "runbook.md"), "utf8");
    const asked = [
      ...runbook.matchAll(/^jq -nc -L docs 'include "records"; (.*)' denials\*\.jsonl$/gm),
    ];
    expect(asked).toHaveLength(2);
    const [one = {}] = await jqOnFile("denials[]");
    for (const [, query = ""] of asked) {
      // Ask for a service, a cell and a rule that this file has, instead of the runbook's.
      const here = query
        .replaceAll("plugins", String(one["service.name"]))
        .replaceAll("tenant-a", String(one["pyisolate.cell"]))
        .replaceAll('"default"', JSON.stringify(one["pyisolate.policy_rule"]));
      const ids = (await jqOnFile(here)).map((record) => record["pyisolate.denial.id"]);
      expect(ids, here).toContain(one["pyisolate.denial.id"]);
      // For a service that is not in the file, it answers nothing.
      expect(await jqOnFile(here.replaceAll(String(one["service.name"]), "nobody"))).toEqual([]);
    }
  });

  test("counts each denial once, by cell, to the last one", async () => {
    const counted = await jqOnFile('denials | counted(["pyisolate.cell"])[]');
    const cells = new Map(counted.map((row) => [row["pyisolate.cell"], row["denials"]]));
    expect(cells.get(SCANNER)).toBe(SCANNED);
    expect(cells.get("tenant-d")).toBe(1);
  });

  test("has the fields that the store has, by the same names", async () => {
    const [ofFile = {}] = await jqOnFile(
      'denials | map(select(."pyisolate.cell" == "tenant-c"))[]',
    );
    const [ofStore] = await answerOf("Records as they came", { cell: ["tenant-c"] });
    const { Line, ...fields } = ofStore?.labels ?? {};
    // Fields that the store adds to each record.
    const more = ["severity_text", "scope.name", "scope.version"];
    expect(new Set(Object.keys(ofFile))).toEqual(
      new Set([...Object.keys(fields).filter((name) => !more.includes(name)), "_time", "_msg"]),
    );
    expect(ofFile["_msg"]).toBe(Line);
    const texts = Object.entries(ofFile).map(([name, value]) => [name, String(value)] as const);
    expect(Object.fromEntries(texts)).toMatchObject(
      Object.fromEntries(Object.entries(fields).filter(([name]) => !more.includes(name))),
    );
  });
});

/** What jq, docs/records.jq and a query make of the Collector's file. */
async function jqOnFile(query: string): Promise<Record<string, unknown>[]> {
  const { logFile } = (await world) ?? { logFile: "" };
  const args = ["-nc", "-L", DOCS, `include "records"; ${query}`, logFile];
  const { stdout } = await run("jq", args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const run = promisify(execFile);

/** Skips where there is no jq, and fails where nothing may be skipped. */
async function needsJq(skip: (reason: string) => never): Promise<void> {
  const there = await run("jq", ["--version"]).catch(() => undefined);
  if (there !== undefined) return;
  if (process.env["CI"] === "true") throw new Error("CI=true allows no skipping: install jq");
  skip("no jq on this machine");
}

/** One stack for all: stores that have seen everything, and the five minutes in which they did. */
async function open(servers: Servers<"otelcol" | "prometheus" | "promtool" | "victoria-logs">) {
  const folder = await mkdtemp(join(tmpdir(), "pyisolate-dashboards-"));
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  const store = cleanUp.use(await startVictoriaLogs({ binary: servers["victoria-logs"] }));
  const stack = cleanUp.use(await startStack({ servers, logStore: store.otlpEndpoint }));
  process.env["OTEL_METRIC_EXPORT_INTERVAL"] = "500";
  process.env["OTEL_METRIC_EXPORT_TIMEOUT"] = "500";
  cleanUp.use(await startTrouble(stack.collector.otlpEndpoint, join(folder, "spool")));

  const { prometheus } = stack;
  const queue = prometheusName(METRICS.queueSize);
  await prometheus.waitFor(`count(${queue} == 0)`, ([count]) => count?.value === 2);
  await prometheus.waitFor(COLLECTOR.queueCapacity, (found) => found.length > 0);
  const everything = SCANNED + 6;
  await store.waitFor('service.name:="plugins"', (found) => found.length >= everything);
  await store.waitFor(
    `service.name:="uploads" event_name:="${EVENTS.recordsDropped.name}"`,
    (found) => found.length > 0,
  );
  // As after an outage, or a recovery from the file: everything arrives once more.
  const before = (await store.records("*", undefined, 0)).length;
  for (const line of (await readFile(stack.collector.logFile, "utf8")).trimEnd().split("\n")) {
    const headers = { "content-type": "application/json" };
    await fetch(`${stack.collector.otlpEndpoint}/v1/logs`, { method: "POST", headers, body: line });
  }
  await store.waitFor("*", (found) => found.length === 2 * before);
  const to = new Date();
  const from = new Date(to.getTime() - 300_000);
  const { logFile } = stack.collector;
  return { grafana: new Grafana(prometheus, store), range: { from, to }, logFile };
}

const nothing: Row = { labels: {}, points: [] };

function hasData(rows: readonly Row[]): boolean {
  return rows.some(({ points }) => points.length > 0);
}

async function oneOf(dashboard: Dashboard, names: readonly string[]): Promise<Chosen> {
  const options = await grafana.options(dashboard, range);
  return Object.fromEntries(
    names.flatMap((name) => {
      const first = options.get(name)?.[0];
      return first === undefined ? [] : [[name, [first]] as const];
    }),
  );
}

async function answerOf(title: string, chosen: Chosen = {}): Promise<Row[]> {
  for (const dashboard of dashboards) {
    const panel = panelsOf(dashboard).find((each) => each.title === title);
    if (panel !== undefined) return (await grafana.panel(dashboard, panel, chosen, range))[0] ?? [];
  }
  throw new Error(`No dashboard has a panel “${title}”`);
}

/** What is on the page, or the panel of it, that a link leads to. */
async function seen(to: ReturnType<typeof follow>): Promise<Row[]> {
  const dashboard = dashboards.find(({ uid }) => to.path === `/d/${uid}`);
  if (dashboard === undefined) throw new Error(`${to.path} is not a dashboard of ours`);
  const variables = dashboard.templating.list.map(({ name }) => name);
  for (const name of Object.keys(to.chosen)) expect(variables).toContain(name);
  const panel = panelsOf(dashboard).find(
    ({ id }) => to.panel === null || to.panel === `panel-${id}`,
  );
  if (panel === undefined) throw new Error(`There is no ${to.panel}`);
  return (await grafana.panel(dashboard, panel, to.chosen, to.range)).flat();
}

/** What an address of Explore asks Tempo for. */
function queriedTrace(panes: string): string | undefined {
  const { trace } = JSON.parse(panes) as { trace?: { queries: { query: string }[] } };
  return trace?.queries[0]?.query;
}

function clickOn(
  row: Row | undefined,
  on: string | undefined,
  cells: Record<string, string>,
): Click {
  const { labels, points } = row ?? nothing;
  // In the matrix a column is a verdict of the kernel's.
  const column = on?.startsWith("/") === true ? (Object.values(cells)[1] ?? "") : (on ?? "");
  return { row: cells, labels, column, seconds: points.at(-1)?.[0] ?? 0 };
}

function byLabel(rows: readonly Row[], label: string): Map<string, number> {
  return new Map(rows.map(({ labels, points }) => [labels[label] ?? "", points[0]?.[1] ?? 0]));
}
