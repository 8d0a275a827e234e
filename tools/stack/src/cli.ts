import { parseArgs } from "node:util";
import { cacheFolder } from "./cache.ts";
import { isServerName, SERVER_NAMES } from "./bundles.ts";
import { StackError } from "./errors.ts";
import { VARIABLES } from "./find-binary.ts";
import { findServers, ROAD } from "./servers.ts";

const HELP = `Usage: node tools/stack/dist/cli.js <command> [server ...]

Commands:
  build   find the servers, and build with Go what is missing
  find    say where they are, without building

Servers: ${SERVER_NAMES.join(" ")}, or all of them: all
         without any: ${ROAD.join(" ")}

Environment:
${SERVER_NAMES.map((name) => `  ${VARIABLES[name]}`).join("\n")}
                    binaries to use; otherwise PATH, then the cache
  PYISOLATE_CACHE   where built ones are kept; now ${cacheFolder()}
  PYISOLATE_GO      the Go command; "none" forbids building
  GOPROXY, GOFLAGS, ...
                    Go's own settings, as always

Exit code: 0 all there, 1 not all there or a build failed, 2 wrong usage.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  let command: string | undefined;
  let names: string[] = [];
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    if (values.help === true) {
      process.stdout.write(HELP);
      return 0;
    }
    [command, ...names] = positionals;
    if (names.join() === "all") names = [...SERVER_NAMES];
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n`);
  }
  if ((command !== "build" && command !== "find") || !names.every(isServerName)) {
    process.stderr.write(HELP);
    return 2;
  }
  try {
    const result = await findServers({
      build: command === "build",
      names: names.length === 0 ? ROAD : names,
    });
    if (!result.ok) {
      process.stderr.write(`${result.reason}\n`);
      return 1;
    }
    for (const [name, path] of Object.entries(result.servers))
      process.stdout.write(`${name} ${path}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}
