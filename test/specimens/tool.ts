import type { SpecimenFile } from "../matrix/specimen.ts";

export const file: SpecimenFile = {
  rule: () => ({ id: "tools", effect: "allow", capability: "tool", tools: ["crm.*"] }),
  specimens: () => ({
    tools: {
      outcomes: {
        allow: { async: "tools.crm.lookup(7)" },
        deny: { async: "tools.crm.lookup(7)" },
        malformed: { async: `tools.crm.lookup("seven")` },
        failing: { async: "tools.crm.missing()" },
      },
    },
  }),
};
