import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { arch, tmpdir } from "node:os";
import path from "node:path";

import { ARCHITECTURES, compile } from "../../scripts/compile.ts";

const here = ARCHITECTURES.find((known) => known === arch()) ?? "x64";

/** The launcher that the build has made for this machine. */
export const LAUNCHER = path.resolve(
  import.meta.dirname,
  `../../../launcher-linux-${here}/bin/pyisolate-launcher`,
);

/** What a process under the launcher came to. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LaunchOptions {
  /** A copy of it. */
  readonly launcher?: string;
  /** As whom the host runs. */
  readonly uid?: number;
  readonly env?: Record<string, string>;
  /** Descriptors that the host passes on, from 3. */
  readonly extra?: readonly number[];
}

/** Runs the launcher with these arguments. */
export async function launch(
  args: readonly string[],
  { launcher = LAUNCHER, uid, env = {}, extra = [] }: LaunchOptions = {},
): Promise<Ended> {
  const child = spawn(launcher, args, {
    ...(uid === undefined ? {} : { uid }),
    env,
    stdio: ["ignore", "pipe", "pipe", ...extra],
    timeout: 20_000,
  });
  const exit = once(child, "exit");
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  await exit;
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}

/** One system call: its name and its arguments, as `probe.c` reads them. */
export type Call = readonly [string, ...(string | number)[]];

/** The errno by which the filter refuses. */
export const REFUSED = -129;
export const EACCES = -13;

export interface ProbeEnded extends Ended {
  /** What each call returned, `child` for a second process that came to be; fewer than the calls where one ended the process. */
  readonly results: readonly (number | "child")[];
}

/** A folder with the compiled probe in it. */
export class Probe implements AsyncDisposable {
  readonly folder: string;
  readonly program: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.program = path.join(folder, "probe");
  }

  static async make(): Promise<Probe> {
    const probe = new Probe(await mkdtemp(path.join(tmpdir(), "pyisolate-probe-")));
    const source = path.join(import.meta.dirname, "probe.c");
    if (!(await compile([source], probe.program, here)))
      throw new Error("the probe needs a C compiler; install gcc");
    // Also for a process of another user.
    await chmod(probe.folder, 0o755);
    return probe;
  }

  /** Makes the calls in a process that the launcher has confined by the plan. */
  async run(plan: readonly string[], calls: readonly Call[]): Promise<ProbeEnded> {
    const words = calls.flatMap((call, at) => (at === 0 ? [...call] : [",", ...call])).map(String);
    const ended = await launch([
      "1",
      "abi=7",
      `need=5:${this.program}`,
      ...plan,
      "--",
      this.program,
      ...words,
    ]);
    const results = ended.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => (line === "child" ? line : Number(line)));
    return { ...ended, results };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
