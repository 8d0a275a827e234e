import type { LintFinding, Policy } from "@pyisolate/policy";

import type { Command, OptionTable } from "../command.ts";
import { mistakeLine, readPolicyFile } from "../policy-file.ts";
import { readText } from "../read-file.ts";

const OPTIONS = {
  "--lint": {
    help: "also rules without effect and rules that allow too much: those that never decide, that others empty,\nthat allow everything, that no guest in a cell can use, that the kernel layer cannot hold",
  },
  "--json": {
    help: "the same for programs: [{ file, ok, policy, rules, hash, issues, warnings, lint }]",
  },
} as const satisfies OptionTable;

export const check: Command<typeof OPTIONS> = {
  name: "check",
  summary: "reads policies and says every mistake in them, by line",
  operands: ["POLICY..."],
  about: `Reads policies, YAML or JSON, as a supervisor would. Each mistake is one line, FILE:LINE: where: what, with what to write
instead where that is known. A warning is a line too: what the policy grants and its author may not mean. It loads
all the same. With --lint, rules without effect are found by comparing the policy's rules over every request.`,
  options: OPTIONS,
  notes: `Exit code: 0 where every policy loads, with --lint and nothing is found; 1 where one has a mistake or cannot be read, or something
is found; 2 for wrong usage.`,
  async run({ options, operands }, { terminal }) {
    const read = await Promise.all(
      operands.map(async (file) => ({ file, ...(await readPolicyFile(file)) })),
    );
    const found = new Map<string, readonly LintFinding[]>();
    for (const each of options["--lint"] === true ? read : []) {
      if (each.ok) found.set(each.file, await lint(each.file, each.policy));
    }
    if (options["--json"] === true) {
      terminal.json(
        read.map((each) =>
          each.ok
            ? {
                file: each.file,
                ok: true,
                policy: each.policy.name,
                rules: each.policy.rules.length,
                hash: each.policy.hash,
                issues: [],
                ...(found.has(each.file) && { lint: found.get(each.file) }),
                warnings: each.policy.warnings,
              }
            : { file: each.file, ok: false, issues: each.issues },
        ),
      );
    } else {
      for (const each of read) {
        if (each.ok) {
          const { name, rules, hash } = each.policy;
          terminal.out(`${each.file}: fine: ${name}, ${rules.length} rules, ${hash}`, "good");
          for (const { kind, rule, message, ...place } of found.get(each.file) ?? []) {
            const what = `${kind}: rule ${JSON.stringify(rule)} ${message}`;
            terminal.out(mistakeLine(each.file, { ...place, message: what }), "bad");
          }
          for (const warning of each.policy.warnings)
            terminal.out(
              mistakeLine(each.file, { ...warning, message: `warning: ${warning.message}` }),
            );
        } else for (const issue of each.issues) terminal.out(mistakeLine(each.file, issue), "bad");
      }
    }
    const isClean = [...found.values()].every((findings) => findings.length === 0);
    return read.every(({ ok }) => ok) && isClean ? 0 : 1;
  },
};

async function lint(file: string, policy: Policy): Promise<readonly LintFinding[]> {
  const { lintPolicy } = await import("@pyisolate/policy");
  return lintPolicy(policy, await readText(file));
}
