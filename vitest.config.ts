import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.test.ts", "tools/*/src/**/*.test.ts", "test/**/*.test.ts"],
    pool: "forks",
    // Two: the test machines have two cores, and every cell is a process of its own.
    maxWorkers: 2,
    maxConcurrency: 2,
    execArgv: ["--no-node-snapshot"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
