import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { type DenialEvent, parsePolicy } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import {
  BUILD_TIMEOUT_MS,
  type Collector,
  type Servers,
  serversForTest,
  type Stack,
  startCollector,
  startStack,
  startVictoriaLogs,
  type VictoriaLogs,
  waitForLogs,
} from "@pyisolate/stack";
import {
  EVENTS,
  METRICS,
  createDenialRecorder,
  denialEvent,
  prometheusName,
} from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";
import axe from "axe-core";
import { JSDOM } from "jsdom";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeEach, expect, test } from "vitest";

import { startChromium } from "../testing/browser.ts";
import { sendAsItIs } from "../testing/careless-sender.ts";
import { faintTexts } from "../testing/contrast.ts";
import { runCommand } from "../testing/run-command.ts";
import { type Ran, runReport } from "../testing/run-report.ts";

const POLICY = parsePolicy({
  version: 1,
  name: "plugins",
  rules: [
    { id: "std", effect: "allow", capability: "import", modules: ["node:fs"] },
    { id: "secrets", effect: "deny", capability: "filesystem", paths: ["/etc/**"] },
  ],
});

/** What a hostile guest asks for, in the hope of being read. */
const PATHS = [
  "/etc/shadow",
  "/etc/shadow",
  "/srv/<script>alert('guest')</script>",
  `/srv/"><img src=x onerror=alert(1)>`,
  "/srv/\\u202etxt.exe\\u001b[2J\\u0007",
  `/srv/${"long".repeat(900)}`,
];

/** What comes from a service that cleans nothing. */
const CARELESS = {
  cell: `"><img src="https://198.51.100.7/x" onerror="alert('cell')">\u202E`,
  rule: "</title></style><script>alert('rule')</script>",
  target: `/\u202E\u001B[31m<script>alert('target')</script>${"Z\u0300\u0301\u0302\u0303".repeat(9)}${"A".repeat(9000)}`,
};

let stack: Stack;
let store: VictoriaLogs;
/** The Collector after the outage. */
let collector: Collector;
let browser: Browser;
let folder: string;
let started: number;
let events: readonly DenialEvent[];
let report: Ran;

let ready: Promise<void> | undefined;

beforeEach(async ({ skip }) => {
  const servers = await serversForTest({ skip }, [
    "otelcol",
    "prometheus",
    "promtool",
    "victoria-logs",
  ]);
  await (ready ??= setUp(servers));
}, BUILD_TIMEOUT_MS);

async function setUp(
  servers: Servers<"otelcol" | "prometheus" | "promtool" | "victoria-logs">,
): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "pyisolate-report-"));
  started = Date.now() - 5000;
  store = await startVictoriaLogs({ binary: servers["victoria-logs"] });
  const stateDir = join(folder, "otelcol");
  stack = await startStack({ servers, stateDir, logStore: store.otlpEndpoint });
  events = await incident(servers.otelcol);
  await sendAsItIs(stack.collector.otlpEndpoint, CARELESS);
  const counted = events.length + 1;
  await stack.prometheus.waitFor(
    `sum(last_over_time(${prometheusName(METRICS.denials)}[5m]))`,
    ([sum]) => sum?.value === counted,
  );
  await store.waitFor(
    `event_name:="${EVENTS.denial.name}"`,
    (records) => records.length >= counted,
  );
  report = await runReport([
    `--prometheus=${stack.prometheus.url}`,
    `--victorialogs=${store.url}`,
    `--from=${new Date(started).toISOString()}`,
  ]);
  await writeFile(join(folder, "page.html"), report.html ?? "");
  browser = await startChromium();
}

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await collector?.stop();
  await store?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

test("the report of a real incident counts what its guests were refused, each by cell, rule and reason", () => {
  expect(report).toMatchObject({ code: 0 });
  const { document } = new JSDOM(report.html).window;
  expect(document.querySelector("h1")?.textContent).toBe(`${events.length + 1} denials in 3 cells`);
  const table = (title: string): Record<string, number> => {
    const tables = [...document.querySelectorAll("#refused table")].filter(
      (each) => each.querySelector("thead th")?.textContent === title,
    );
    return Object.fromEntries(
      tables
        .flatMap((each) => [...each.querySelectorAll("tbody tr")])
        .map((row) => [
          row.querySelector("th .name")?.textContent ?? "",
          Number(row.querySelector("td.number")?.textContent),
        ]),
    );
  };
  const sums = (of: (event: DenialEvent) => string): Record<string, number> =>
    Object.fromEntries(
      [...Map.groupBy(events, of)].map(([name, some]) => [name, some.length] as const),
    );
  expect(table("Cell")).toMatchObject(sums(({ cell }) => cell));
  expect(table("Reason")).toEqual({
    ...sums(({ reason }) => reason),
    explicit_deny: (sums(({ reason }) => reason)["explicit_deny"] ?? 0) + 1,
  });
  expect(table("Rule")).toMatchObject(sums(({ policyRule }) => policyRule));
});

test("it says that the layers disagree, which policy decided, and that the ledger balances", () => {
  const { document } = new JSDOM(report.html).window;
  const text = (selector: string) => document.querySelector(selector)?.textContent;
  expect(text(".verdicts .alarm")).toContain(
    "The kernel refused 1 request that the broker had allowed",
  );
  expect(text("#records")).toContain("connect:git.example.com:9418");
  expect(text("#records")).toMatch(/read:\/etc\/shadow × 2/);
  expect(text("#policies tbody")).toContain("plugins");
  expect(text("#policies tbody")).toContain(POLICY.hash);
  expect(text(".verdicts")).toContain("The ledger balances");
});

test("it says from when to when it was blind, and counts what happened meanwhile", () => {
  const { document } = new JSDOM(report.html).window;
  const [blind] = [...document.querySelectorAll(".verdicts > div")].filter((verdict) =>
    verdict.querySelector("dt")?.textContent?.includes("blind"),
  );
  const said = blind?.textContent ?? "";
  expect(said).toMatch(/not heard for \d+ s: \d\d:\d\d:\d\d–/);
  const [, seconds] = /not heard for (\d+) s/.exec(said) ?? [];
  expect(Number(seconds)).toBeGreaterThanOrEqual(6);
  expect(document.querySelector("#refused")?.textContent).toContain("random");
});

test("narrowed to one cell it tells of that cell's records and of no other's", async () => {
  const { code, html } = await runReport([
    `--prometheus=${stack.prometheus.url}`,
    `--victorialogs=${store.url}`,
    `--from=${new Date(started).toISOString()}`,
    "--cell=tenant-a",
  ]);
  expect(code).toBe(0);
  const { document } = new JSDOM(html).window;
  expect(document.querySelector("h1")?.textContent).toBe(`${PATHS.length} denials`);
  const cells = [...document.querySelectorAll("#records td.cell")].map((each) => each.textContent);
  expect(new Set(cells)).toEqual(new Set(["tenant-a"]));
});

test("rules are suggested from the store's records, of one cell and a range", async () => {
  const policy = join(folder, "policy.json");
  await writeFile(policy, JSON.stringify({ version: 1, name: "plugins", rules: [] }));
  const suggest = async (...more: string[]) =>
    await runCommand(["suggest", policy, store.url.toString(), "--json", ...more]);
  const from = `--from=${new Date(started).toISOString()}`;
  const own = await suggest(from, "--cell=tenant-a", "--exact");
  const denied = events.filter(({ cell }) => cell === "tenant-a");
  const { rules, refused } = JSON.parse(own.stdout) as {
    readonly rules: readonly { readonly paths?: readonly string[] }[];
    readonly refused: readonly unknown[];
  };
  expect(rules.flatMap(({ paths = [] }) => paths)).toContain("/etc/shadow");
  const targets = new Set(denied.map(({ target }) => target));
  expect(rules.flatMap(({ paths = [] }) => paths).length + refused.length).toBeLessThanOrEqual(
    targets.size + 1,
  );
  const before = await suggest("--from=-2d", "--to=-1d");
  expect(JSON.parse(before.stdout)).toMatchObject({ rules: [], covers: 0, refused: [] });
  const nothing = await runCommand(["suggest", policy, "http://127.0.0.1:1", "--json"]);
  expect(nothing).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("No log store") as string,
  });
  const file = await runCommand(["suggest", policy, policy, "--from=-1h"]);
  expect(file).toMatchObject({ code: 2, stderr: expect.stringContaining("--from") as string });
});

test("narrowed to a cell whose name is markup and worse it tells of that cell", async () => {
  const { code, html } = await runReport([
    `--prometheus=${stack.prometheus.url}`,
    `--victorialogs=${store.url}`,
    `--from=${new Date(started).toISOString()}`,
    `--cell=${CARELESS.cell}`,
  ]);
  expect(code).toBe(0);
  const { document } = new JSDOM(html).window;
  expect(document.querySelector("h1")?.textContent).toBe("1 denial");
  expect(document.querySelectorAll("#records tbody tr")).toHaveLength(2);
});

test("where the log store is gone the counts are written all the same, and the page says what is missing", async () => {
  const { code, html } = await runReport([
    `--prometheus=${stack.prometheus.url}`,
    "--victorialogs=http://127.0.0.1:1",
    `--from=${new Date(started).toISOString()}`,
  ]);
  expect(code).toBe(1);
  const { document } = new JSDOM(html).window;
  expect(document.querySelector("h1")?.textContent).toMatch(/^\d+ denials in 3 cells$/);
  expect(document.querySelector(".missing")?.textContent).toMatch(/^VictoriaLogs is missing/);
});

test("a store is recognised by its address alone, and repeated records change nothing on the page", async () => {
  const before = await store.records("*", undefined, 0);
  // The Collector writes its file once a second, beside what it sends.
  await waitForLogs(collector.logFile, ({ length }) => length >= before.length);
  const again = await readFile(collector.logFile, "utf8");
  for (const body of again.trimEnd().split("\n")) {
    const headers = { "content-type": "application/json" };
    await fetch(`${collector.otlpEndpoint}/v1/logs`, { method: "POST", headers, body });
  }
  await store.waitFor("*", ({ length }) => length >= 2 * before.length);
  const { code, html } = await runReport([
    `--prometheus=${stack.prometheus.url}`,
    `--logs=${store.url}`,
    `--from=${new Date(started).toISOString()}`,
  ]);
  expect(code).toBe(0);
  const records = (page: string | undefined) =>
    new JSDOM(page).window.document.querySelector("#records")?.textContent;
  expect(records(html)).toBe(records(report.html));
});

test.each(["light", "dark"] as const)(
  "in %s and at every width a browser shows all of it, runs nothing and asks for nothing",
  async (scheme) => {
    const { page, heard } = await open(scheme);
    for (const width of [1280, 390]) {
      await page.setViewport({ width, height: 844 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      const text = await page.evaluate(() => document.body.innerText);
      for (const word of ["<script>alert('guest')</script>", "<script>alert('target')</script>"])
        expect(text).toContain(word);
      expect(text).toContain("</title></style><script>alert('rule')</script>");
      expect(text).toContain("U+202E");
      expect(text).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
      expect(text).not.toContain("\u001B");
      const { seen, faint } = await page.evaluate(faintTexts, 4.5);
      expect(faint).toEqual([]);
      expect(seen).toBeGreaterThan(100);
    }
    expect(heard).toEqual([]);
    await page.close();
  },
  60_000,
);

test.each([1280, 390])("%i pixels wide, it passes every rule of axe", async (width) => {
  const { page } = await open("light");
  await page.setViewport({ width, height: 844 });
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const found = await axe.run(document);
    return found.violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })),
    }));
  });
  expect(violations).toEqual([]);
  await page.close();
});

test("the page is light or dark, as the browser prefers", async () => {
  const ground = async (scheme: "light" | "dark"): Promise<string> => {
    const { page } = await open(scheme);
    const colour = await page.evaluate(
      () => getComputedStyle(document.documentElement).backgroundColor,
    );
    await page.close();
    return colour;
  };
  expect([await ground("light"), await ground("dark")]).toEqual([
    "rgb(251, 250, 247)",
    "rgb(22, 22, 20)",
  ]);
});

test("these tests notice what a page makes the browser do", async () => {
  const page = await browser.newPage();
  const heard = listen(page);
  await page.setContent(`<img src="http://127.0.0.1:1/x"><script>console.log("run")</script>`);
  expect(heard).toContain("console: run");
  expect(heard).toContain("request: http://127.0.0.1:1/x");
  await page.close();
});

/** The written page in the browser, and whatever happened that should not. */
async function open(scheme: "light" | "dark"): Promise<{ page: Page; heard: string[] }> {
  const page = await browser.newPage();
  const file = pathToFileURL(join(folder, "page.html")).href;
  const heard = listen(page, file);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(file, { waitUntil: "networkidle0" });
  return { page, heard };
}

function listen(page: Page, file?: string): string[] {
  const heard: string[] = [];
  page.on("dialog", (dialog) => {
    heard.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  // The browser also reports here what the page's content security policy refused.
  page.on("console", (message) => heard.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => heard.push(`error: ${String(error)}`));
  page.on("request", (request) => {
    if (request.url() !== file) heard.push(`request: ${request.url()}`);
  });
  return heard;
}

/**
 * A hostile guest in a real cell, a mismatch of a service with its own guard, and a denial while the Collector is dead; their
 * events.
 */
async function incident(binary: string): Promise<readonly DenialEvent[]> {
  const { otlpEndpoint: endpoint, ports, stateDir } = stack.collector;
  await using otel = startTelemetry({ serviceName: "plugins", endpoint, global: false });
  const { meterProvider, loggerProvider } = otel;
  await using denials = createDenialRecorder({ meterProvider, loggerProvider });
  await using supervisor = new Supervisor({ policy: POLICY, denials, pool: 1 });
  await using cell = await supervisor.spawn("tenant-a");
  for (const path of PATHS)
    await expect(cell.exec(`require("node:fs").readFileSync(${literal(path)})`)).rejects.toThrow(
      /denied/,
    );
  const mismatch = denialEvent({
    cell: "agent-1",
    capability: "network",
    operation: "connect",
    target: "git.example.com:9418",
    policyRule: "git",
    brokerDecision: "allow",
    kernelDecision: "deny",
    kernelEvidence: "seccomp-errno",
    reason: "kernel",
  });
  denials.record(mismatch);
  await otel.flush();
  const series = `${prometheusName(METRICS.queueSize)}{job="plugins"}`;
  await stack.prometheus.waitFor(series, (samples) => samples.length === 1);
  await stack.collector.kill();
  const unseen = denialEvent({ cell: "agent-1", capability: "random", operation: "read" });
  denials.record(unseen);
  await stack.prometheus.waitFor(
    `absent_over_time(${series}[6s])`,
    (samples) => samples.length === 1,
  );
  collector = await startCollector({
    binary,
    ports,
    stateDir,
    logStore: store.otlpEndpoint,
  });
  await otel.flush();
  return [...cell.denialEvents(), mismatch, unseen];
}

// The escapes in it are the guest's own.
function literal(path: string): string {
  return `"${path.replaceAll('"', '\\"')}"`;
}
