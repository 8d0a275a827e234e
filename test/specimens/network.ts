import type { SpecimenFile } from "../matrix/specimen.ts";

export const file: SpecimenFile = {
  rule: ({ port, deadPort }) => ({
    id: "web",
    effect: "allow",
    capability: "network",
    operations: ["connect"],
    hosts: [`127.0.0.1:${port}`, `127.0.0.1:${deadPort}`],
  }),
  specimens: ({ port, deadPort }) => {
    const get = { async: `fetch("http://127.0.0.1:${port}/").then((response) => response.text())` };
    return {
      fetch: {
        outcomes: {
          allow: get,
          deny: get,
          malformed: { async: `fetch("gopher://127.0.0.1:${port}/")` },
          failing: { async: `fetch("http://127.0.0.1:${deadPort}/")` },
        },
      },
    };
  },
};
