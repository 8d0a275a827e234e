import { parsePolicy } from "@pyisolate/policy";
import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { createDenialRecorder } from "@pyisolate/telemetry";

import { BareProcess } from "./bare-process.ts";
import { median, pairedRatio, sideBySide } from "./measure.ts";
import { realProviders } from "./providers.ts";
import { readingPolicy } from "./reading-policy.ts";
import { type Figure, printMedians } from "./report.ts";

const POLICY = parsePolicy(readingPolicy("/srv/**"));

/** A refused call, without and with the recorder, against a bare round trip plus a guest throw. */
export async function refusedCall(rounds: number): Promise<Figure[]> {
  await using bare = await BareProcess.start();
  await using denials = createDenialRecorder(realProviders());
  await using without = new Supervisor({ policy: POLICY, pool: 0 });
  await using recorded = new Supervisor({ policy: POLICY, denials, pool: 0 });
  await using plain = await without.spawn("bench");
  await using counted = await recorded.spawn("bench");
  const names = [
    "bare round trip + guest throw",
    "refused import, no recorder",
    "refused import, recorder",
    "refused readFileSync, recorder",
  ] as const;
  const samples = await sideBySide(
    [
      { name: names[0], run: async (times) => await bare.roundTrips(times) },
      { name: names[1], run: async (times) => await refuse(plain, `require("node:net")`, times) },
      { name: names[2], run: async (times) => await refuse(counted, `require("node:net")`, times) },
      {
        name: names[3],
        run: async (times) => await refuse(counted, `fs.readFileSync("/etc/shadow")`, times),
      },
    ],
    { rounds, times: 3000 },
  );
  const of = (name: string): number[] => samples.get(name) ?? [];
  printMedians(
    "A refused call",
    new Map(names.map((name) => [name, median(of(name)) / 1000])),
    "us",
  );
  return [
    {
      what: "refused import / (bare round trip + guest throw)",
      value: pairedRatio(of(names[1]), of(names[0])),
      unit: "x",
      target: 1.15,
    },
    {
      what: "the same with the recorder",
      value: pairedRatio(of(names[2]), of(names[0])),
      unit: "x",
      target: 1.15,
    },
    {
      what: "refused readFileSync with the recorder, the same way",
      value: pairedRatio(of(names[3]), of(names[0])),
      unit: "x",
      target: 1.15,
    },
  ];
}

/** Nanoseconds of one refused call, by the guest's own clock. */
async function refuse(cell: Sandbox, call: string, times: number): Promise<number> {
  const start = process.hrtime.bigint();
  await cell.exec(
    `const fs = require("node:fs"); for (let i = 0; i < ${times}; i++) { try { ${call}; } catch {} }`,
  );
  return Number(process.hrtime.bigint() - start) / times;
}
