import type { Command, OptionTable } from "../command.ts";
import { mistakeLine, readPolicyFile } from "../policy-file.ts";

const OPTIONS = {
  "--json": { help: "the same for programs: [{ file, ok, policy, rules, hash, issues }]" },
} as const satisfies OptionTable;

export const check: Command<typeof OPTIONS> = {
  name: "check",
  summary: "reads policies and says every mistake in them, by line",
  operands: ["POLICY..."],
  about: `Reads policies, YAML or JSON, as a supervisor would. Each mistake is one line, FILE:LINE: where: what, with what to write
instead where that is known.`,
  options: OPTIONS,
  notes: `Exit code: 0 where every policy loads; 1 where one has a mistake or cannot be read; 2 for wrong usage.`,
  async run({ options, operands }, { terminal }) {
    const read = await Promise.all(
      operands.map(async (file) => ({ file, ...(await readPolicyFile(file)) })),
    );
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
              }
            : { file: each.file, ok: false, issues: each.issues },
        ),
      );
    } else {
      for (const each of read) {
        if (each.ok) {
          const { name, rules, hash } = each.policy;
          terminal.out(`${each.file}: fine: ${name}, ${rules.length} rules, ${hash}`, "good");
        } else for (const issue of each.issues) terminal.out(mistakeLine(each.file, issue), "bad");
      }
    }
    return read.every(({ ok }) => ok) ? 0 : 1;
  },
};
