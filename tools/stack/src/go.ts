import { runCommand } from "./command.ts";
import { StackError } from "./errors.ts";
import { isExecutable, onPath } from "./executable.ts";
import type { Progress } from "./progress.ts";
import { lastLines } from "./output-tail.ts";

export interface BuildOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  /** The Go command. */
  readonly go: string;
}

/** The Go command: `$PYISOLATE_GO` (`none` forbids building), else Go on PATH, or where its installer puts it. */
export async function findGo(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const chosen = env["PYISOLATE_GO"];
  if (chosen === "none") return undefined;
  if (chosen !== undefined && chosen !== "") return chosen;
  const [first] = await onPath(["go"], env);
  if (first !== undefined) return first;
  const usual = "/usr/local/go/bin/go";
  return (await isExecutable(usual)) ? usual : undefined;
}

/**
 * Runs a build tool, and gives what it printed on standard output.
 *
 * @throws {StackError} `build-failed`, with the end of what it said.
 */
export async function runTool(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string },
): Promise<string> {
  const { code, stdout, output } = await runCommand(command, args, options);
  if (code === 0) return stdout;
  throw new StackError(
    "build-failed",
    `${[command, ...args].join(" ")} failed. If a module could not be fetched, check the network and \`go env GOPROXY\`; ` +
      "if Go is too old, install a newer one; or set the PYISOLATE_ variable of the server to a binary that you have. " +
      "The end of the output:",
    lastLines(output),
  );
}

/** `go install` of commands with their versions, into a folder. */
export async function goInstall(
  args: readonly string[],
  folder: string,
  options: BuildOptions,
): Promise<void> {
  await runTool(options.go, ["install", ...args], { env: { ...options.env, GOBIN: folder } });
}
