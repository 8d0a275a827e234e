import type { Suggestion } from "@pyisolate/policy";

import { type Command, type OptionTable, type OptionValues, UsageError } from "../command.ts";
import { policyOrMistakes } from "../policy-file.ts";
import type { Records } from "../records/read-records.ts";
import type { Terminal } from "../terminal.ts";

const OPTIONS = {
  "--cell": { value: "NAME", help: "only what this cell was denied" },
  "--capability": { value: "WORD", help: "only what was denied of this capability" },
  "--from": {
    value: "TIME",
    help: "of records from a log store: -1h unless given: 2026-11-22T21:00:00Z, or before now: -90m, -7d",
  },
  "--to": { value: "TIME", help: "now unless given, written the same way" },
  "--exact": { help: "name each target that was denied, and nothing like it" },
  "--write": { help: "add the rules to POLICY, after its own; its comments stay" },
  "--json": { help: "the same for programs: { rules, opens, covers, granted, refused, wider }" },
} as const satisfies OptionTable;

export const suggest: Command<typeof OPTIONS> = {
  name: "suggest",
  summary: "the smallest rules that would allow what was denied, and what else they open",
  operands: ["POLICY", "RECORDS"],
  about: `Reads records of denials and says which rules to add to a policy so that it allows them: a rule for each set of operations, with
the targets that were denied. Three or more that are alike become one pattern, and the answer says which: they differ only in
digits, lie in one directory two levels below the root or deeper, or are ports of one host. No rule ever opens the root or a
directory in it, every host, or a command with any arguments.

Nothing is guessed. The denials are replayed on the policy with the rules. What the rules open is computed over every request,
as pyisolate diff does, and each + line shows the shortest example. What a deny rule refuses stays refused: read why, and
change that rule by hand if it is wrong.

RECORDS is the Collector's file (denials.jsonl), what VictoriaLogs returns, or events as JSON.stringify writes them, one value
of JSON a line; - is standard input. Or it is the address of a log store, VictoriaLogs or Loki. Verdicts of a shadow policy are taken like denials.

  pyisolate suggest policy.yaml /var/lib/otelcol/denials.jsonl --cell tenant-a
  pyisolate suggest policy.yaml http://127.0.0.1:9428 --from=-1d --capability network
  pyisolate suggest policy.yaml - --json < denials.jsonl`,
  options: OPTIONS,
  notes: `Exit code: 0 where the rules allow every denial, or none is needed; 1 where some stay refused, or a file cannot be read, or no
line of it, or a log store does not answer; 2 for wrong usage.`,
  async run({ options, operands: [file = "", from = ""] }, { terminal, signal }) {
    const read = await recordsOf(from, options, { signal, now: Date.now() });
    const policy = await policyOrMistakes(file, terminal);
    if (policy === undefined) return 1;
    const { "--cell": cell, "--capability": capability } = options;
    const { denials, unread, values, isCut } = await read();
    if (isCut) terminal.note(`${from}: only the newest ${values} records were read`);
    if (unread > 0) terminal.note(`${from}: ${unread} lines are not JSON, and were passed over`);
    const chosen = denials.filter(
      (denial) =>
        (cell === undefined || denial.cell === cell) &&
        (capability === undefined || denial.capability === capability),
    );
    const { suggestRules } = await import("@pyisolate/policy");
    const suggestion = suggestRules(policy, chosen, { exact: options["--exact"] === true });
    const { policy: _, ...told } = suggestion;
    if (options["--write"] === true && suggestion.rules.length > 0) {
      const { addRulesToFile } = await import("../add-rules-to-file.ts");
      await addRulesToFile(file, suggestion.rules);
    }
    if (options["--json"] === true) terminal.json(told);
    else print(terminal, suggestion, chosen.length, options["--write"] === true ? file : undefined);
    const isUnread = unread > 0 && values === 0;
    return suggestion.refused.length === 0 && !isUnread ? 0 : 1;
  },
};

/** @param written The file to which the rules were added; undefined if they were not. */
function print(
  terminal: Terminal,
  { rules, opens, covers, granted, refused, wider }: Suggestion,
  given: number,
  written: string | undefined,
): void {
  if (granted > 0)
    terminal.out(`${granted} of ${given} denials are granted by the policy already.`);
  if (rules.length > 0) {
    const where = written === undefined ? "" : `, now in ${written}`;
    terminal.out(`${covers} of ${given} denials are granted by these rules${where}:`, "good");
    // JSON is also YAML, so that each line can be put under `rules:` unchanged.
    for (const rule of rules) terminal.out(`  - ${JSON.stringify(rule)}`);
    terminal.out("\nThey open this, with the shortest example:");
    for (const { capability, operation, witness, rule } of opens) {
      const what = witness === "" ? "" : `: ${witness}`;
      terminal.out(`  + ${capability} ${operation}${what} (rule "${rule}")`);
    }
    for (const { pattern, by, from, rule } of wider)
      terminal.out(`  ${pattern} in rule "${rule}" is for ${from} targets, ${WORDS[by]}`);
  } else if (refused.length === 0) terminal.out("Nothing to add.", "good");
  if (refused.length > 0) terminal.out("\nNo rule is suggested for these:", "bad");
  for (const { request, rule, message } of refused) {
    const { capability, operation, target } = request;
    const by = rule === "default" ? "" : ` (rule "${rule}")`;
    terminal.out(`  ${capability} ${operation} ${target}${by}: ${message}`);
  }
}

const WORDS = {
  digits: "which differ in digits: * also covers other characters",
  siblings: "which lie in one directory: it covers all that lies there",
  ports: "which are ports of one host: it covers every port",
} as const;

/**
 * How to read the records.
 *
 * @throws UsageError for options that do not fit, before anything is read.
 */
async function recordsOf(
  from: string,
  options: OptionValues<typeof OPTIONS>,
  { signal, now }: { readonly signal: AbortSignal; readonly now: number },
): Promise<() => Promise<Records & { readonly isCut?: boolean }>> {
  const { "--cell": cell, "--from": begin, "--to": end } = options;
  if (!/^https?:/.test(from)) {
    if (begin !== undefined || end !== undefined)
      throw new UsageError("--from and --to are for records from a log store's address.");
    const { readRecords } = await import("../records/read-records.ts");
    return async () => await readRecords(from);
  }
  const { address } = await import("../report/report-options.ts");
  const { parseRange } = await import("../report/time-range.ts");
  const url = address("RECORDS", from);
  const range = parseRange(begin ?? "-1h", end ?? "now", now);
  const { askRecords } = await import("../records/ask-records.ts");
  return async () => await askRecords(url, range, { cell, signal });
}
