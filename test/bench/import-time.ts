import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { median, pairedRatio } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";

/** What a service imports, each in a process of its own. */
const IMPORTS = {
  "@opentelemetry/api + sdk-logs": ["@opentelemetry/api", "@opentelemetry/sdk-logs"],
  "@pyisolate/telemetry": ["@pyisolate/telemetry"],
  "@pyisolate/telemetry/sdk": ["@pyisolate/telemetry/sdk"],
  "@pyisolate/policy, with zod and yaml": ["@pyisolate/policy"],
} as const;
type Import = keyof typeof IMPORTS;

interface Taken {
  readonly millis: number;
  /** Resident memory that the process has more. */
  readonly mib: number;
}

/** What importing the recorder takes, against importing what a service has that logs by OpenTelemetry. */
export async function importTime(rounds: number): Promise<Figure[]> {
  const names = Object.keys(IMPORTS) as Import[];
  const taken = new Map<Import, Taken[]>(names.map((name) => [name, []]));
  // One of each first, which reads the files from disk.
  for (const name of names) await importing(name);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] ?? "@pyisolate/telemetry";
      taken.get(name)?.push(await importing(name));
    }
  }
  const millis = (name: Import) => (taken.get(name) ?? []).map((each) => each.millis);
  const mib = (name: Import) => (taken.get(name) ?? []).map((each) => each.mib);
  printMedians("An import", new Map(names.map((name) => [name, median(millis(name))])), "ms");
  printMedians("An import, memory", new Map(names.map((name) => [name, median(mib(name))])), "MiB");
  const [yardstick] = names as [Import];
  return [
    {
      what: "importing the recorder / @opentelemetry/api + sdk-logs: time",
      value: pairedRatio(millis("@pyisolate/telemetry"), millis(yardstick)),
      unit: "x",
      target: 1,
    },
    {
      what: "importing the recorder / @opentelemetry/api + sdk-logs: memory",
      value: pairedRatio(mib("@pyisolate/telemetry"), mib(yardstick)),
      unit: "x",
      target: 1,
    },
  ];
}

async function importing(name: Import): Promise<Taken> {
  const program = `
    const memory = process.memoryUsage.rss();
    const start = performance.now();
    ${IMPORTS[name].map((specifier) => `await import(${JSON.stringify(specifier)});`).join("\n")}
    const millis = performance.now() - start;
    console.log(JSON.stringify({ millis, mib: (process.memoryUsage.rss() - memory) / 2 ** 20 }));
  `;
  const args = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: import.meta.dirname,
  });
  return JSON.parse(stdout) as Taken;
}
