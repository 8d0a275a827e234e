import { runCommand } from "./command.ts";

export interface Verdict {
  readonly ok: boolean;
  /** What promtool said; empty if it had nothing to say. */
  readonly output: string;
}

/** promtool's checks. A finding is a value, not an error. */
export interface Promtool {
  /** Lints what an exporter exposes, in Prometheus' text format. */
  checkMetrics(exposition: string): Promise<Verdict>;
  /** Every lint rule, and each finding counts. */
  checkRules(...files: readonly string[]): Promise<Verdict>;
  /** Unit tests of rules. */
  testRules(...files: readonly string[]): Promise<Verdict>;
  checkConfig(file: string): Promise<Verdict>;
}

/** promtool's checks with this binary. */
export function createPromtool(binary: string): Promtool {
  const run = async (args: readonly string[], input?: string): Promise<Verdict> => {
    const { code, output } = await runCommand(binary, args, {
      timeoutMs: 60_000,
      ...(input === undefined ? {} : { input }),
    });
    return { ok: code === 0, output: output.trim() };
  };
  return {
    checkMetrics: (exposition) => run(["check", "metrics"], exposition),
    checkRules: (...files) => run(["check", "rules", "--lint=all", "--lint-fatal", ...files]),
    testRules: (...files) => run(["test", "rules", ...files]),
    checkConfig: (file) => run(["check", "config", "--lint=all", "--lint-fatal", file]),
  };
}
