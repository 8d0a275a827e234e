import path from "node:path";

import { BaseSequencer, type TestSpecification } from "vitest/node";

const ROOT = path.resolve(import.meta.dirname, "..");

/** Seconds that the longest files took beside others, on a loaded machine: no more than their order matters. */
export const LONG: Readonly<Record<string, number>> = {
  "test/in-step/cut-points.test.ts": 185,
  "test/taken-cells/honest-kinds.test.ts": 170,
  "test/taken-cells/rows/output-counts.test.ts": 160,
  "test/in-step/fuzz.test.ts": 160,
  "test/escape.test.ts": 150,
  "test/taken-cells/rows/elements.test.ts": 145,
  "test/taken-cells/small-host.test.ts": 135,
  "test/peers.test.ts": 120,
  "packages/sandbox-core/src/cell/guards/unconfined.test.ts": 115,
  "test/taken-cells/rows/decoding.test.ts": 100,
  "test/taken-cells/rows/small-on-the-wire.test.ts": 100,
  "test/incident-drill/full-queue.test.ts": 100,
  "test/install-lines.test.ts": 85,
  "packages/cli/src/report/end-to-end.test.ts": 85,
  "test/corpus/packages/packages.test.ts": 75,
  "packages/telemetry/src/sdk/worker-threads.test.ts": 75,
  "test/incident-drill/incident-drill.test.ts": 65,
  "test/in-step/depths.test.ts": 65,
  "test/faults/sigterm.test.ts": 60,
  "packages/telemetry/src/sdk/cluster.test.ts": 60,
  "packages/telemetry/src/sdk/process-end.test.ts": 60,
  "test/taken-cells/rows/raw-errors.test.ts": 55,
  "test/taken-cells/taken-cells.test.ts": 55,
  "packages/cli/src/commands/why.test.ts": 55,
  "packages/cli/src/run-cli.test.ts": 50,
  "test/run-stack.test.ts": 50,
  "packages/sandbox-core/src/cell/guards/filesystem-races.test.ts": 50,
  "test/taken-cells/rows/floods.test.ts": 45,
  "test/taken-cells/rows/patterns.test.ts": 45,
  "packages/telemetry/src/sdk/small-queue.test.ts": 40,
  "packages/sandbox-core/src/host/older-kernels.test.ts": 40,
  "tools/stack/src/victorialogs.test.ts": 35,
  "test/faults/store-killed.test.ts": 35,
  "test/in-step/found-inputs.test.ts": 35,
  "packages/sandbox-core/src/host/policy-file/reloads-under-load.test.ts": 35,
  "packages/sandbox-core/src/host/left-behind.test.ts": 35,
  "packages/sandbox-core/src/cell/guards/network.test.ts": 35,
  "test/faults/log-store-killed.test.ts": 35,
  "test/packages.test.ts": 35,
  "packages/telemetry/src/sdk/dead-collector.test.ts": 35,
  "test/faults/store-outage.test.ts": 30,
  "test/taken-cells/rows/answers.test.ts": 30,
  "test/demo.test.ts": 30,
  "test/faults/collector-disk-full.test.ts": 30,
  "packages/cli/src/commands/suggest.test.ts": 30,
  "test/matrix.test.ts": 30,
  "test/scale-out/gateway-killed.test.ts": 30,
  "packages/telemetry/src/sdk/logs/parted-request.test.ts": 25,
  "packages/policy/src/decide-index.test.ts": 25,
  "packages/sandbox-core/src/host/confined-cells.test.ts": 25,
  "tools/dashboards/src/live.test.ts": 25,
  "packages/cli/src/report/page/page.test.ts": 25,
  "packages/sandbox-core/src/host/orphans.test.ts": 20,
  "test/faults/disk-full.test.ts": 20,
  "test/rules/promtool.test.ts": 20,
  "test/faults/collector-killed.test.ts": 20,
};

/**
 * Begins the files that take longest before the others of their group, so that none of them is left to run alone at its end.
 * Vitest orders by size where it has not run them before, and a short file may start two hundred cells.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's own method, of no array
    const sorted = await super.sort(files);
    return sorted.toSorted(
      (one, other) => groupOf(one) - groupOf(other) || secondsOf(other) - secondsOf(one),
    );
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}

function secondsOf({ moduleId }: TestSpecification): number {
  return LONG[path.relative(ROOT, moduleId)] ?? 0;
}
