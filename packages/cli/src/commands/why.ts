import type { Policy, Request } from "@pyisolate/policy";

import { oneOfWords } from "../arguments.ts";
import { type Command, type OptionTable, type OptionValues, UsageError } from "../command.ts";
import { policyOf, readPolicyFile } from "../policy-file.ts";

const OPTIONS = {
  "--capability": {
    value: "WORD",
    help: "what is asked for: filesystem, network, subprocess, random, import, or one that the policy declares",
  },
  "--operation": {
    value: "WORD",
    help: "what is done with it: read, connect, exec, load; may be left out where there is only one",
  },
  "--target": {
    value: "TEXT",
    help: "what it is on: a path, a host and port, a command with its arguments, a module, what a guard names; none for random",
  },
  "--cell": {
    value: "NAME",
    help: "the cell that asks: needed where the policy has ${cell} in its paths",
  },
  "--json": {
    help: "the same for programs: { effect, rule, cause, nearest, change }; with description and owner, if the policy has them",
  },
} as const satisfies OptionTable;

export const why: Command<typeof OPTIONS> = {
  name: "why",
  summary: "says how a policy decides a request, why, and what would grant it",
  operands: ["POLICY"],
  about: `Says how a policy decides one request, by which rule and why; where it is refused, what the nearest rule lacks and the
smallest rule that would grant it. Three fields of a denial's record are what to ask: capability, operation, target; and, where the
policy has \${cell} in its paths, the cell.

  pyisolate why policy.yaml --capability filesystem --operation read --target /etc/shadow`,
  options: OPTIONS,
  notes: `Exit code: 0 where the policy decides, either way; 1 where it does not load; 2 for wrong usage.`,
  async run({ options, operands: [file = ""] }, { terminal }) {
    const read = await readPolicyFile(file);
    // Before the policy's mistakes: wrong usage stays wrong when they are mended.
    const request = await requestOf(options, read.ok ? read.policy.capabilities : {});
    const policy = policyOf(read, file, terminal);
    if (policy === undefined) return 1;
    const { explain } = await import("@pyisolate/policy");
    const asked = await ofCell(policy, options["--cell"]);
    const { decision, cause, lack, change, message } = explain(asked, request);
    if (options["--json"] === true) {
      const { effect, rule, description, owner } = decision;
      // The two are left out where the policy does not have them.
      const notes = { description, owner };
      terminal.json({
        effect,
        rule,
        ...notes,
        cause,
        nearest: lack ?? null,
        change: change ?? null,
      });
      return 0;
    }
    terminal.out(`${decision.effect}: ${message}`, decision.effect === "allow" ? "good" : "bad");
    // JSON is also YAML, so the line can be put under `rules:` unchanged.
    if (change !== undefined)
      terminal.out(
        `\nThis rule would grant it${asked === policy ? "" : " to every cell"}, and nothing else:\n  - ${JSON.stringify(change)}`,
      );
    return 0;
  },
};

/**
 * The policy as it decides for a cell.
 *
 * @throws UsageError where it decides differently for each, and none is named or the name cannot stand in a path.
 */
async function ofCell(policy: Policy, cell: string | undefined): Promise<Policy> {
  const { isForEachCell, policyFor } = await import("@pyisolate/policy");
  if (cell === undefined && isForEachCell(policy))
    throw new UsageError(
      "--cell is missing: the policy has ${cell} in its paths, so say which cell asks, as in the record",
    );
  try {
    return policyFor(policy, cell ?? "");
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`--cell: ${error.message}`);
    throw error;
  }
}

/** @throws UsageError if the options do not describe a request. */
async function requestOf(
  options: OptionValues<typeof OPTIONS>,
  declared: Policy["capabilities"],
): Promise<Request> {
  const { CAPABILITIES, OPERATIONS, readCommandLine } = await import("@pyisolate/policy");
  const all: Policy["capabilities"] = { ...declared, ...OPERATIONS };
  const words = [...CAPABILITIES, ...Object.keys(declared)];
  const capability = oneOfWords("--capability", options["--capability"] ?? "", words);
  const operations = all[capability] ?? [];
  const [only = ""] = operations.length === 1 ? operations : [];
  const operation = oneOfWords("--operation", options["--operation"] ?? only, operations);
  const target = options["--target"];
  if (target === undefined && !["random", "limit", "control"].includes(capability))
    throw new UsageError(
      `--target is missing: say what is asked for, as in the record (a path, a host and port, a command, a module)`,
    );
  const command = capability === "subprocess" ? readCommandLine(target ?? "") : undefined;
  return command === undefined
    ? { capability, operation, target: target ?? "" }
    : { capability, operation, target: command.path, args: command.args };
}
