import type { SpecimenFile } from "../matrix/specimen.ts";

export const file: SpecimenFile = {
  rule: ({ command }) => ({
    id: "tool",
    effect: "allow",
    capability: "subprocess",
    operations: ["exec"],
    commands: [command],
  }),
  setup: () => `globalThis.cp = require("node:child_process");`,
  specimens: ({ command }) => {
    const run = (name: string, ...args: readonly string[]): { sync: string; async: string } => {
      const given = `${JSON.stringify(name)}, ${JSON.stringify(args)}`;
      return {
        sync: `cp.execFileSync(${given})`,
        async: `new Promise((resolve, reject) => cp.execFile(${given}, (error) => (error ? reject(error) : resolve())))`,
      };
    };
    return {
      "child_process.execFile": {
        outcomes: {
          allow: run(command),
          deny: run(command),
          malformed: run(command, "a\0b"),
          failing: run(command, "3"),
        },
      },
    };
  },
};
