import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

import { BUILD_TIMEOUT_MS, serversForTest } from "@pyisolate/stack";
import { expect, onTestFinished, test } from "vitest";

import { ROOT } from "./tarballs.ts";

/** `pnpm stack`, running. */
function stack(args: readonly string[] = []) {
  const child = spawn(process.execPath, ["examples/run-stack.ts", ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  onTestFinished(async () => {
    await ended(child);
  });
  return { child, shown: () => shown };
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

async function lokiRecords(url: string, query: string): Promise<number> {
  const answer = await fetch(`${url}/loki/api/v1/query_range?query=${encodeURIComponent(query)}`);
  const { data } = (await answer.json()) as { data: { result: { values: unknown[] }[] } };
  return data.result.reduce((sum, { values }) => sum + values.length, 0);
}

test(
  "pnpm stack feeds Prometheus and Loki from both services, and Ctrl-C ends all of it",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    await serversForTest(context, ["otelcol", "prometheus", "promtool", "alertmanager", "loki"]);
    const { child, shown } = stack();
    const address = async (name: string) => {
      const line = new RegExp(`${name} +(http:\\S+)`);
      await expect.poll(shown, { timeout: 120_000 }).toMatch(line);
      return line.exec(shown())?.[1] ?? "";
    };
    const prometheus = await address("Prometheus");
    const loki = await address("Loki");
    const alertmanager = await address("Alertmanager");
    const seen = { timeout: 90_000, interval: 500 };
    for (const job of ["plugins", "uploads"]) {
      const query = `sum(pyisolate_denial_events_total{job="${job}"})`;
      await expect.poll(() => prometheusSum(prometheus, query), seen).toBeGreaterThan(5);
      const records = `{service_name="${job}"} | event_name="pyisolate.denial"`;
      await expect.poll(() => lokiRecords(loki, records), seen).toBeGreaterThan(5);
    }
    const cells = "count(count by (pyisolate_cell) (pyisolate_denials_total))";
    await expect.poll(() => prometheusSum(prometheus, cells), seen).toBeGreaterThanOrEqual(6);
    const mismatch = `sum(pyisolate_denial_events_total{pyisolate_broker_decision="allow",pyisolate_kernel_decision="deny"})`;
    await expect.poll(() => prometheusSum(prometheus, mismatch), seen).toBeGreaterThan(0);

    child.kill("SIGINT");
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(0);
    for (const url of [prometheus, loki, alertmanager]) {
      await expect(fetch(url)).rejects.toThrow("fetch failed");
    }
  },
);

const run = promisify(execFile);

test("--help says how to use it, and a wrong option does too, with exit code 2", async () => {
  const command = async (...args: string[]) =>
    await run(process.execPath, ["examples/run-stack.ts", ...args], { cwd: ROOT });
  expect((await command("--help")).stdout).toContain("Usage: pnpm stack");
  for (const args of [["--wat"], ["--for", "ever"]]) {
    await expect(command(...args)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Usage: pnpm stack") as string,
    });
  }
});
