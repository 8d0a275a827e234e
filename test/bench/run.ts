import { cpus, release } from "node:os";
import { parseArgs } from "node:util";

import { type Figure, printFigures } from "./report.ts";

/** One row of the bench. Each loads its own code: a run of one needs nothing of the others. */
interface Row {
  readonly about: string;
  measure(quick: boolean, against: string): Promise<Figure[]>;
}

/** The last revision in which requests had no numbers and values were decoded unchecked. */
const AGAINST = "d6598d7";

const ROWS: Readonly<Record<string, Row>> = {
  "refused-call": {
    about: "a refused call, against a bare round trip and a guest throw",
    measure: async (quick) => await (await import("./refused-call.ts")).refusedCall(quick ? 5 : 21),
  },
  "tool-call": {
    about: "a host's function that a guest awaits, against a bare round trip of the value",
    measure: async (quick) => await (await import("./tool-call.ts")).toolCall(quick ? 5 : 21),
  },
  "recorder-alone": {
    about:
      "what recording adds to a refused call: against the SDK, prom-client with pino, Deno's audit",
    measure: async (quick) =>
      await (await import("./recorder-alone.ts")).recorderAlone(quick ? 5 : 21),
  },
  "before-after": {
    about: "a refused call, an allowed read, results: this state against another, built beside it",
    measure: async (quick, against) =>
      await (await import("./before-after.ts")).beforeAfter(quick ? 1 : 15, 5, against),
  },
  "fresh-cell": {
    about: "a fresh cell, one program, closed: confined, unconfined, before, and a bare node -e 0",
    measure: async (quick, against) =>
      await (await import("./fresh-cell.ts")).freshCell(quick ? 5 : 21, against),
  },
  "cell-before-after": {
    about: "start and memory of a cell that uses no library: this state against another",
    measure: async (quick, against) =>
      await (await import("./cell-before-after.ts")).cellBeforeAfter(quick ? 5 : 31, against),
  },
  "supplied-module": {
    about: "a fresh cell that imports a large and a small ES module: this state against another",
    measure: async (quick, against) =>
      await (await import("./supplied-module.ts")).suppliedModule(quick ? 3 : 15, against),
  },
  confined: {
    about: "an allowed read, a refused call and the memory of a cell: confined against unconfined",
    measure: async (quick) =>
      await (await import("./confined.ts")).confined(quick ? 5 : 21, quick ? 5 : 20),
  },
  collection: {
    about: "a collection and a scrape of 10,000 series: bare SDK, ours, prom-client",
    measure: async (quick) => await (await import("./collection.ts")).collection(quick ? 5 : 21),
  },
  "series-memory": {
    about: "memory of 10,000 series: the recorder's and the SDK's, against the SDK's alone",
    measure: async (quick) =>
      await (await import("./series-memory.ts")).seriesMemory(quick ? 1 : 5),
  },
  "import-time": {
    about: "importing the recorder, against @opentelemetry/api + sdk-logs",
    measure: async (quick) => await (await import("./import-time.ts")).importTime(quick ? 5 : 21),
  },
  decide: {
    about: "a decision with 10, 100 and 10,000 rules, against asking each rule",
    measure: async (quick) => await (await import("./decide.ts")).decideBySize(quick ? 5 : 21),
  },
  shadow: {
    about: "a refused read that a shadow policy decides as well, against one policy alone",
    measure: async (quick) => await (await import("./shadow.ts")).shadow(quick ? 5 : 21),
  },
  "decide-mix": {
    about: "a decision by eight kinds of rules, 10, 100 and 10,000 in all, near denials too",
    measure: async (quick) => await (await import("./decide-mix.ts")).decideMixed(quick ? 5 : 21),
  },
  "decide-engines": {
    about: "a decision by the same policies: ours, Cedar's WASM, OPA's WASM",
    measure: async (quick) =>
      await (await import("./decide-engines.ts")).decideBesideOthers(quick ? 5 : 21),
  },
  delivery: {
    about: "records a second into a real Collector, none lost, against the bare OTLP exporter",
    measure: async (quick) =>
      await (await import("./delivery.ts")).delivery(quick ? 3 : 7, quick ? 5_000 : 20_000),
  },
  durability: {
    about: "the spool, against files that the Collector tails: rate, CPU, disk, kill -9 of each",
    measure: async (quick) =>
      await (await import("./durability.ts")).durability(quick ? 3 : 7, quick ? 5_000 : 20_000),
  },
  audit: {
    about: "a denial on disk before its caller is answered, and records chained by hash",
    measure: async (quick) => await (await import("./audit.ts")).audit(quick ? 7 : 31),
  },
  flood: {
    about: "a million denials of one cell: memory and event loop",
    measure: async () => await (await import("./flood.ts")).millionDenials(),
  },
  spawn: {
    about: "a spawn from the pool",
    measure: async (quick) => await (await import("./warm-pool.ts")).spawnFromPool(quick ? 5 : 21),
  },
  memory: {
    about: "memory of live cells, against bare child processes",
    measure: async (quick) => await (await import("./memory.ts")).memoryOfCells(quick ? 5 : 50),
  },
};

const USAGE = `Usage: pnpm bench [--quick] [--against REVISION] [row ...]

Measures, side by side in one run, what is published: each figure is a ratio of medians whose rounds are interleaved.
A figure that misses its target is said so; the exit code is 0 all the same, since the machine may be at fault.

Rows (all of them unless named):
${Object.entries(ROWS)
  .map(([name, { about }]) => `  ${name.padEnd(17)} ${about}`)
  .join("\n")}

  --quick    fewer rounds and cells: a look, not a figure to publish
  --against  the revision that before-after, fresh-cell, cell-before-after and supplied-module build and measure
             against; ${AGAINST} unless given
  --help     this text
`;

const { quick, help, against, names } = options();
if (help) process.stdout.write(USAGE);
else await run(quick, against, names);

async function run(quick: boolean, against: string, names: readonly string[]): Promise<void> {
  process.stdout.write(
    `Node ${process.version}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? "?"}\n`,
  );
  const figures: Figure[] = [];
  for (const [name, { measure }] of Object.entries(ROWS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    process.stderr.write(`measuring: ${name} ...\n`);
    figures.push(...(await measure(quick, against)));
  }
  printFigures(figures);
}

function options(): {
  quick: boolean;
  help: boolean;
  against: string;
  names: readonly string[];
} {
  try {
    const flag = { type: "boolean", default: false } as const;
    const { values, positionals } = parseArgs({
      options: { quick: flag, help: flag, against: { type: "string", default: AGAINST } },
      allowPositionals: true,
    });
    const unknown = positionals.find((name) => !Object.hasOwn(ROWS, name));
    if (unknown !== undefined) throw new Error(`no row is called ${unknown}`);
    return { ...values, names: positionals };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}
