import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import type { Command, OptionTable } from "../command.ts";

const OPTIONS = {
  "--json": { help: "taken as everywhere; a schema is JSON anyway" },
} as const satisfies OptionTable;

export const schema: Command<typeof OPTIONS> = {
  name: "schema",
  summary: "prints the JSON Schema of policies, for editors",
  operands: [],
  about: `Prints the JSON Schema of policies, for editors and for checks in CI. It is made from the schema that the parser uses, and
says less than pyisolate check: that two rules have one id, or that a host is not a host, only the parser knows.`,
  options: OPTIONS,
  notes: `Exit code: 0; 2 for wrong usage.`,
  async run(_, { terminal }) {
    const file = fileURLToPath(import.meta.resolve("@pyisolate/policy/schema.json"));
    terminal.json(JSON.parse(await readFile(file, "utf8")));
    return 0;
  },
};
