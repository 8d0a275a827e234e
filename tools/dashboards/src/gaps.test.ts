import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILD_TIMEOUT_MS, createPromtool, serversForTest } from "@pyisolate/stack";
import { expect, onTestFinished, test } from "vitest";
import { counted, countedOver } from "./promql.ts";

// Hours that no test waits for: promtool plays them.

const DENIALS = 'pyisolate_denials_total{job="plugins"}';

test(
  "what was denied before an outage of five hours is not a spike after it, and what was denied meanwhile counts where it ends",
  { timeout: BUILD_TIMEOUT_MS },
  async ({ skip }) => {
    const promtool = createPromtool((await serversForTest({ skip })).promtool);
    const folder = await mkdtemp(join(tmpdir(), "pyisolate-gaps-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, "gaps.yaml");
    const asked = (expr: string, minute: number, value: number) => ({
      expr: `sum(${expr})`,
      eval_time: `${minute}m`,
      exp_samples: [{ labels: "{}", value }],
    });
    // 10,000 in the first hour, seven more in the five without a scrape, then none.
    const cases = {
      interval: "1m",
      input_series: [{ series: DENIALS, values: "10000x60 stale _x299 10007x60" }],
      promql_expr_test: [
        asked(counted(DENIALS, "1m"), 361, 7),
        asked(counted(DENIALS, "5m"), 363, 7),
        asked(counted(DENIALS, "1m"), 400, 0),
        asked(countedOver(DENIALS, "1h"), 390, 7),
        // Of a time in which it began it is all there is.
        asked(countedOver(DENIALS, "12h"), 390, 10_007),
      ],
    };
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ rule_files: [], tests: [cases] }));
    const verdict = await promtool.testRules(file);
    expect(verdict.ok, verdict.output).toBe(true);
  },
);
