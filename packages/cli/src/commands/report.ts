import type { Command } from "../command.ts";
import { REPORT_OPTIONS, reportOptions } from "../report/report-options.ts";

export const report: Command<typeof REPORT_OPTIONS> = {
  name: "report",
  summary: "writes one HTML page of what was refused in a range of time",
  operands: [],
  about: `Writes one HTML page of what was refused in a range of time: to whom, by which rule, by which layer, and whether you were
blind. It asks Prometheus for the counts and a log store for the records, VictoriaLogs or Loki, needs no Grafana, and the page
asks for nothing more.`,
  options: REPORT_OPTIONS,
  notes: `Exit code: 0; 1 where Prometheus or the log store did not answer (what the other one said is written all the same, and the
page says what is missing) or the page could not be written; 2 for wrong options.`,
  async run({ options }, { terminal, signal }) {
    const now = Date.now();
    const asked = reportOptions(options, now);
    // Load this late: it takes a second, and a user who asks for help should not wait for it.
    const { writeReport } = await import("../report/write-report.ts");
    const say = (line: string): void => terminal.note(line);
    const { file, complete } = await writeReport(asked, { now, signal, say });
    terminal.out(file);
    return complete ? 0 : 1;
  },
};
