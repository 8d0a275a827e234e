import { type Command, type OptionTable } from "../command.ts";
import { policyOrMistakes } from "../policy-file.ts";

const OPTIONS = {
  "--json": {
    help: "the same for programs: { policyName, policyHash, rules, paths, ports, commands }",
  },
} as const satisfies OptionTable;

export const plan: Command<typeof OPTIONS> = {
  name: "plan",
  summary: "says what the kernel lets a cell do at most, whatever runs in it",
  operands: ["POLICY"],
  about: `Says what Linux itself lets a confined cell do under a policy, whatever code runs in it: for each rule whether the kernel
holds it exactly, more widely or not at all, and all that is granted together. What is on this machine's disk decides about
paths, so ask on the machine that runs the cells.`,
  options: OPTIONS,
  notes: `It needs @pyisolate/sandbox-core, which is installed along on Linux.
Exit code: 0; 1 where the policy does not load, or this machine has no cells; 2 for wrong usage.`,
  async run({ options, operands: [file = ""] }, { terminal }) {
    const policy = await policyOrMistakes(file, terminal);
    if (policy === undefined) return 1;
    const { printKernelPlan, Supervisor } = await sandboxCore();
    // Start no cell: only the plan is needed.
    await using supervisor = new Supervisor({ policy, kernel: "off", pool: 0 });
    const kernelPlan = supervisor.kernelPlan();
    if (options["--json"] === true) terminal.json(kernelPlan);
    else terminal.out(printKernelPlan(kernelPlan).trimEnd());
    return 0;
  },
};

async function sandboxCore(): Promise<typeof import("@pyisolate/sandbox-core")> {
  try {
    return await import("@pyisolate/sandbox-core");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Error(
      "pyisolate plan needs @pyisolate/sandbox-core, which is not installed: it runs on Linux only.",
      { cause: error },
    );
  }
}
