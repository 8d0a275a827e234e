import type { Command, ExitCode, OptionTable } from "../command.ts";
import type { FilesReport, Finding } from "../integrity/check-files.ts";
import type { Terminal } from "../terminal.ts";

const OPTIONS = {
  "--resent": {
    help: "accepts what sending again explains: exact copies of a record, and records in another order",
  },
  "--json": {
    help: "the same for programs: { ok, records, chains, open, unchained, found, findings: [{ kind, file,\nline, cell, chain, position, records, message }] }",
  },
} as const satisfies OptionTable;

/** Findings that are shown; --json has up to a thousand. */
const SHOWN = 20;

export const verify: Command<typeof OPTIONS> = {
  name: "verify",
  summary: "checks that no record of a denial was altered, removed or moved",
  operands: ["FILE..."],
  about: `Checks records that startTelemetry({ integrity: true }) has chained by hash: files of OTLP JSON lines, as the Collector's file
exporter writes them, a spool's segments or its dead letters. Several files are read as one, in the order given: rotated ones
oldest first. The first break is told first, with its line, and whether the record there is altered, stands after missing ones,
is in another order, or is an exact copy.`,
  options: OPTIONS,
  notes: `What no file can show: records that are missing after the last one of a cell that has no end in it yet (how many such chains
there are is told), a chain that was removed whole, and one that an attacker with access to the file wrote anew to its end. For
these compare the last hashes with those that were kept elsewhere.
Exit code: 0 where every chained record is in its place; 1 where one is not, where none is chained, or a file cannot be read; 2 for
wrong usage.`,
  async run({ options, operands }, { terminal, signal }) {
    // Loaded this late: it loads the telemetry package, which help does not need.
    const { checkFiles } = await import("../integrity/check-files.ts");
    const report = await checkFiles(operands, { resent: options["--resent"] === true, signal });
    const isFine = report.found === 0 && report.records > 0;
    if (options["--json"] === true) terminal.json(forPrograms(report, isFine));
    else print(report, terminal);
    const code: ExitCode = isFine ? 0 : 1;
    return code;
  },
};

function print({ findings, found, ...counts }: FilesReport, terminal: Terminal): void {
  const { records, chains, open, unchained } = counts;
  for (const finding of findings.slice(0, SHOWN)) terminal.out(lineOf(finding), "bad");
  if (found > SHOWN) terminal.out(`and ${found - SHOWN} more`, "bad");
  if (records === 0) {
    terminal.out(
      "no record in these files is chained: integrity is off where they come from",
      "bad",
    );
  } else {
    const what = `${records} chained records in ${chains} chains`;
    terminal.out(
      found === 0 ? `fine: ${what}` : `${found} found in ${what}`,
      found === 0 ? "good" : "strong",
    );
  }
  if (open > 0) {
    terminal.note(
      `${open} of the chains have no end of their cell: records missing after their last one would not show`,
    );
  }
  if (unchained > 0) terminal.note(`${unchained} records of denials are in no chain`);
}

function lineOf(finding: Finding): string {
  const { place, kind, message } = finding;
  const at = `${place.file}:${place.line}: ${kind}`;
  if (finding.kind === "unreadable") return `${at}: ${message}`;
  return `${at}: ${finding.cell}, record ${finding.position} of chain ${finding.chain}: ${message}`;
}

function forPrograms({ findings, ...counts }: FilesReport, ok: boolean): unknown {
  const rows = findings.map(({ place, ...finding }) => ({ ...place, ...finding }));
  return { ok, ...counts, findings: rows };
}
