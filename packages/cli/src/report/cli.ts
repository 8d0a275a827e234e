import { type Options, parseOptions, USAGE } from "./arguments.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const now = Date.now();
  let options: Options | "help";
  try {
    options = parseOptions(args, now);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  const interrupted = new AbortController();
  const { signal } = interrupted;
  process.once("SIGINT", () => interrupted.abort());
  try {
    // What draws takes a second to load, which whoever asks for help need not wait for.
    const { writeReport } = await import("./write-report.ts");
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const { file, complete } = await writeReport(options, { now, signal, say });
    process.stdout.write(`${file}\n`);
    return complete ? 0 : 1;
  } catch (error) {
    if (signal.aborted) return 130;
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
