import type { SpecimenFile } from "../matrix/specimen.ts";

export const file: SpecimenFile = {
  rule: () => ({
    id: "mods",
    effect: "allow",
    capability: "import",
    operations: ["load"],
    modules: ["supplied", "missing", "node:fs", "node:child_process"],
  }),
  specimens: () => ({
    import: {
      outcomes: {
        allow: { sync: `require("supplied")` },
        deny: { sync: `require("supplied")` },
        malformed: { sync: `require("a\\0b")` },
        // Granted by name, and the host supplies nothing of that name.
        failing: { sync: `require("missing")` },
      },
    },
  }),
};
