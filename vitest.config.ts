import { configDefaults, defineConfig } from "vitest/config";

import { LongestFirst } from "./test/longest-first.ts";

const FILES = ["packages/*/src/**/*.test.ts", "tools/*/src/**/*.test.ts", "test/**/*.test.ts"];

/** Files whose tests mostly wait: for outages, timers and real servers. They come first, one more at a time than there are cores. */
const WAITING = [
  "packages/telemetry/src/sdk/**/*.test.ts",
  "test/faults/*.test.ts",
  "test/incident-drill/*.test.ts",
  "test/scale-out/*.test.ts",
  "test/run-stack.test.ts",
  "tools/stack/src/**/*.test.ts",
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
        test: { name: "waiting", include: WAITING, maxWorkers: 3, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: "computing",
          include: FILES,
          exclude: [...configDefaults.exclude, ...WAITING],
          // Two: the test machines have two cores, and every cell is a process of its own.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
