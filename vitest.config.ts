import { configDefaults, defineConfig } from "vitest/config";

import { LongestFirst } from "./test/longest-first.ts";

const FILES = ["packages/*/src/**/*.test.ts", "tools/*/src/**/*.test.ts", "test/**/*.test.ts"];

/** Files that bound how long something takes, the CPU time of a turn of the host's loop say: with more work beside them than cores they would measure that. */
const TIMED = [
  "packages/policy/src/decide-index.test.ts",
  "packages/sandbox-core/src/host/channel/*.test.ts",
  "packages/sandbox-core/src/host/lookups-of-cells.test.ts",
  "packages/telemetry/src/emit/drain-turns.test.ts",
  "test/in-step/*.test.ts",
  "test/taken-cells/*.test.ts",
  "test/taken-cells/rows/{answers,channels,decoding,elements,floods,patterns,raw-errors,small-on-the-wire}.test.ts",
];

export default defineConfig({
  test: {
    pool: "forks",
    maxConcurrency: 2,
    execArgv: ["--no-node-snapshot"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "usual",
          include: FILES,
          exclude: [...configDefaults.exclude, ...TIMED],
          // Three for the two cores of the test machines: half of the files wait, for outages, timers, servers and installations.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "timed", include: TIMED, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
