import { parsePolicy } from "@pyisolate/policy";
import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import { median, pairedRatio, sideBySide } from "./measure.ts";
import { readingPolicy } from "./reading-policy.ts";
import { type Figure, printMedians } from "./report.ts";

const POLICY = parsePolicy(readingPolicy("/srv/**"));
/** Would allow what the bench is refused. */
const DIFFERENT = parsePolicy(readingPolicy("/**"));

/** Requests that a shadow policy decides as well, in the same way and otherwise, against requests that one policy decides. */
export async function shadow(rounds: number): Promise<Figure[]> {
  await using alone = new Supervisor({ policy: POLICY, pool: 0 });
  await using alike = new Supervisor({ policy: POLICY, shadow: POLICY, pool: 0 });
  await using different = new Supervisor({ policy: POLICY, shadow: DIFFERENT, pool: 0 });
  const names = ["no shadow policy", "one that agrees", "one that would allow"] as const;
  const samples = await sideBySide(
    await Promise.all(
      [alone, alike, different].map(async (supervisor, at) => {
        const cell = await supervisor.spawn("bench");
        return {
          name: names[at] as string,
          run: async (times: number) => await refuse(cell, times),
        };
      }),
    ),
    { rounds, times: 3000 },
  );
  const of = (name: string): number[] => samples.get(name) ?? [];
  printMedians(
    "A refused read",
    new Map(names.map((name) => [name, median(of(name)) / 1000])),
    "us",
  );
  return [
    {
      what: "a refused read with a shadow policy that agrees / without",
      value: pairedRatio(of(names[1]), of(names[0])),
      unit: "x",
      target: 1.2,
    },
    {
      what: "the same with a shadow policy that would allow, and its event",
      value: pairedRatio(of(names[2]), of(names[0])),
      unit: "x",
      target: 1.2,
    },
  ];
}

/** Nanoseconds of one refused read. */
async function refuse(cell: Sandbox, times: number): Promise<number> {
  const start = process.hrtime.bigint();
  await cell.exec(
    `const fs = require("node:fs"); for (let i = 0; i < ${times}; i++) { try { fs.readFileSync("/etc/shadow"); } catch {} }`,
  );
  return Number(process.hrtime.bigint() - start) / times;
}
