import type { Impossible, SpecimenFile } from "../matrix/specimen.ts";

const unfailing: Impossible = {
  impossible:
    "Once granted it cannot fail: the bytes come from the process's own generator, and need nothing else.",
};
const withoutArguments: Impossible = {
  impossible: "It takes no argument, so there is nothing that could be malformed.",
};

export const file: SpecimenFile = {
  rule: () => ({ id: "rng", effect: "allow", capability: "random", operations: ["read"] }),
  specimens: () => ({
    "crypto.getRandomValues": {
      outcomes: {
        allow: { sync: "crypto.getRandomValues(new Uint8Array(16))" },
        deny: { sync: "crypto.getRandomValues(new Uint8Array(16))" },
        malformed: { sync: "crypto.getRandomValues(new Float64Array(2))" },
        failing: unfailing,
      },
    },
    "crypto.randomUUID": {
      outcomes: {
        allow: { sync: "crypto.randomUUID()" },
        deny: { sync: "crypto.randomUUID()" },
        malformed: withoutArguments,
        failing: unfailing,
      },
    },
    "Math.random": {
      outcomes: {
        allow: { sync: "Math.random()" },
        deny: { sync: "Math.random()" },
        malformed: withoutArguments,
        failing: unfailing,
      },
    },
  }),
};
