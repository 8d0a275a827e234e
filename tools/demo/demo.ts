import { parseArgs } from "node:util";

import { embeddedHalf } from "./demo/embedded.ts";
import { wholeRoad } from "./demo/whole-road.ts";

const USAGE = `Usage: pnpm demo [--embedded] [--keep]

Shows a hostile guest refused five times, a host once, and the kernel refusing what a broken broker allows; then follows those
denials through a real OpenTelemetry Collector into a log file and a real Prometheus. The servers are taken from PYISOLATE_OTELCOL, PYISOLATE_PROMETHEUS
and PYISOLATE_PROMTOOL, from the PATH, or are built once with Go.

  --embedded  stop after the half that needs no server
  --keep      leave Collector and Prometheus running, and print their addresses
  --help      this text

Exit code: 0, or 1 where something did not work or the counts disagree, or 2 for wrong options.
`;

process.exitCode = await main();

async function main(): Promise<number> {
  let options: { embedded: boolean; keep: boolean; help: boolean };
  try {
    const flag = { type: "boolean", default: false } as const;
    ({ values: options } = parseArgs({ options: { embedded: flag, keep: flag, help: flag } }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    await embeddedHalf();
    return options.embedded || (await wholeRoad({ keep: options.keep })) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
