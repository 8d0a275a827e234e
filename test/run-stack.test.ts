import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { BUILD_TIMEOUT_MS, serversForTest } from "@pyisolate/stack";
import { expect, onTestFinished, test } from "vitest";

import { ROOT } from "./tarballs.ts";

const SERVERS = ["otelcol", "prometheus", "promtool", "alertmanager"] as const;

/** `pnpm stack`, running, with a folder of its own for what is temporary. */
async function stack(args: readonly string[] = []) {
  const folder = await mkdtemp(path.join(tmpdir(), "pyisolate test "));
  const child = spawn(process.execPath, ["tools/demo/run-stack.ts", ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: "1", TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let shown = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
    });
  }
  onTestFinished(async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  });
  const left = async () => await readdir(folder);
  const exited = once(child, "exit") as Promise<[number | null]>;
  return { child, exited, shown: () => shown, left };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function prometheusSum(url: string, query: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

async function storedRecords(url: string, query: string): Promise<number> {
  const answer = await fetch(`${url}/select/logsql/query?query=${encodeURIComponent(query)}`);
  return (await answer.text()).split("\n").filter((line) => line !== "").length;
}

test(
  "pnpm stack feeds Prometheus and VictoriaLogs from both services, through an outage, and Ctrl-C ends all of it",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    await serversForTest(context, [...SERVERS, "victoria-logs"]);
    const { child, exited, shown, left } = await stack(["--outage-every", "18"]);
    const address = async (name: string) => {
      const line = new RegExp(`${name} +(http:\\S+)`);
      await expect.poll(shown, { timeout: 120_000 }).toMatch(line);
      return line.exec(shown())?.[1] ?? "";
    };
    const prometheus = await address("Prometheus");
    const store = await address("VictoriaLogs");
    const alertmanager = await address("Alertmanager");
    const seen = { timeout: 90_000, interval: 500 };
    for (const job of ["plugins", "uploads"]) {
      const query = `sum(pyisolate_denial_events_total{job="${job}"})`;
      await expect.poll(() => prometheusSum(prometheus, query), seen).toBeGreaterThan(5);
      const records = `service.name:="${job}" event_name:="pyisolate.denial"`;
      await expect.poll(() => storedRecords(store, records), seen).toBeGreaterThan(5);
    }
    const cells = "count(count by (pyisolate_cell) (pyisolate_denials_total))";
    await expect.poll(() => prometheusSum(prometheus, cells), seen).toBeGreaterThanOrEqual(6);
    // Of the service with guards of its own, and of a real cell.
    for (const job of ["uploads", "plugins"]) {
      const mismatch = `sum(pyisolate_denial_events_total{job="${job}",pyisolate_broker_decision="allow",pyisolate_kernel_decision="deny"})`;
      await expect.poll(() => prometheusSum(prometheus, mismatch), seen).toBeGreaterThan(0);
    }

    await expect.poll(shown, seen).toContain("the Collector is back");
    const events = "sum(pyisolate_denial_events_total)";
    const before = await prometheusSum(prometheus, `max_over_time(${events}[1h:1s])`);
    await expect.poll(() => prometheusSum(prometheus, events), seen).toBeGreaterThan(before);

    child.kill("SIGINT");
    const [code] = await exited;
    expect(code).toBe(0);
    expect(shown()).not.toContain("had to be killed");
    expect(await left()).toEqual([]);
    for (const url of [prometheus, store, alertmanager]) {
      await expect(fetch(url)).rejects.toThrow("fetch failed");
    }
  },
);

test(
  "servers alone stay until Ctrl-C, and leave nothing behind",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    await serversForTest(context, SERVERS);
    const { child, exited, shown, left } = await stack(["--no-load", "--no-logs"]);
    await expect.poll(shown, { timeout: 60_000 }).toMatch(/Prometheus +http:\S+\n/);
    const [, prometheus = ""] = /Prometheus +(http:\S+)/.exec(shown()) ?? [];
    const scraped = { timeout: 30_000, interval: 500 };
    await expect.poll(() => prometheusSum(prometheus, "sum(up)"), scraped).toBe(2);
    child.kill("SIGINT");
    const [code] = await exited;
    expect(code).toBe(0);
    expect(await left()).toEqual([]);
  },
);

test("--for ends it, and leaves nothing behind", { timeout: BUILD_TIMEOUT_MS }, async (context) => {
  await serversForTest(context, SERVERS);
  const { exited, left } = await stack(["--no-load", "--no-logs", "--for", "4"]);
  const [code] = await exited;
  expect(code).toBe(0);
  expect(await left()).toEqual([]);
});

test(
  "Ctrl-C while the servers start ends it too, and leaves nothing behind",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    await serversForTest(context, SERVERS);
    const { child, exited, shown, left } = await stack(["--outage-every", "0", "--no-logs"]);
    await expect.poll(shown, { timeout: 60_000 }).toContain("Starting the servers");
    child.kill("SIGINT");
    const [code] = await exited;
    expect(code).toBe(0);
    expect(shown()).not.toContain("To look at");
    expect(await left()).toEqual([]);
  },
);

test(
  "a server that ends by itself ends it with exit code 1 and its name",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    await serversForTest(context, SERVERS);
    const { exited, shown, left } = await stack(["--no-load", "--no-logs"]);
    await expect.poll(shown, { timeout: 60_000 }).toMatch(/Alertmanager +http:\S+\n/);
    const [, port] = /Alertmanager +http:\S+:(\d+)/.exec(shown()) ?? [];
    process.kill(await whoseIs(`--web.listen-address=127.0.0.1:${port}`), "SIGKILL");
    const [code] = await exited;
    expect(code).toBe(1);
    expect(shown()).toContain("Alertmanager ended by itself (SIGKILL)");
    expect(await left()).toEqual([]);
  },
);

/** The process with this argument. */
async function whoseIs(argument: string): Promise<number> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.split("\0").includes(argument) && !command.startsWith("/bin/sh"))
      return Number(pid);
  }
  throw new Error(`no process was started with ${argument}`);
}

const run = promisify(execFile);

test("--help says how to use it, and a wrong option does too, with exit code 2", async () => {
  const command = async (...args: string[]) =>
    await run(process.execPath, ["tools/demo/run-stack.ts", ...args], { cwd: ROOT });
  expect((await command("--help")).stdout).toContain("Usage: pnpm stack");
  for (const args of [["--wat"], ["--for", "ever"], ["--outage-every", ""]]) {
    await expect(command(...args)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Usage: pnpm stack") as string,
    });
  }
});
