import { parseArgs } from "node:util";

import { StackError } from "@pyisolate/stack";

import { operate } from "./load/operate.ts";

const USAGE = `Usage: pnpm stack [--for SECONDS] [--outage-every SECONDS] [--no-load] [--no-logs]

Starts what an operator has, on loopback: an OpenTelemetry Collector, Prometheus with the alert rules, Alertmanager, and VictoriaLogs;
then two services that are denied things all the time: one runs five tenants' code in cells, one has guards of its own, and a
kernel that does not agree with them. Now and then the Collector is killed. It prints all addresses, and runs until Ctrl-C.
The servers are taken from PYISOLATE_OTELCOL, PYISOLATE_PROMETHEUS and so on, from the PATH, or are built once with
Go, which takes some minutes.

  --for SECONDS           end by itself
  --outage-every SECONDS  how often the Collector is gone, for a sixth of that: 120 unless said otherwise, 0 for never
  --no-load               servers only
  --no-logs               without VictoriaLogs: nothing keeps the records but the Collector's file
  --help                  this text

Exit code: 0, or 1 where something did not work, or 2 for wrong options.
`;

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A second Ctrl-C ends this process at once; its watchdogs then end the children.
    if (ending.signal.aborted) process.exit(1);
    process.stdout.write(
      "\n  Ending: services flush first, then the servers. Again to end at once.\n",
    );
    ending.abort();
  });
}
// Without this, a build that is under way would keep the process up.
process.exit(await main());

async function main(): Promise<number> {
  const options = parse();
  if (options === undefined) return 2;
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    const limit = options.for === undefined ? [] : [AbortSignal.timeout(options.for * 1000)];
    await operate({ ...options, ending: AbortSignal.any([ending.signal, ...limit]) });
    return 0;
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    if (!(error instanceof StackError)) process.stderr.write("That is a bug: please report it.\n");
    return 1;
  }
}

function parse() {
  try {
    const { values } = parseArgs({
      allowNegative: true,
      options: {
        for: { type: "string" },
        load: { type: "boolean", default: true },
        "outage-every": { type: "string", default: "120" },
        logs: { type: "boolean", default: true },
        help: { type: "boolean", default: false },
      },
    });
    return {
      ...values,
      for: values.for === undefined ? undefined : seconds("for", values.for, 1),
      outageEvery: seconds("outage-every", values["outage-every"], 0),
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return undefined;
  }
}

function seconds(option: string, text: string, least: number): number {
  const number = Number(text);
  if (text.trim() !== "" && number >= least && number < 1e6) return number;
  throw new TypeError(`--${option} wants seconds, not ${JSON.stringify(text)}`);
}
