import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { until } from "./cells.ts";

/** Where a program without a file finds the built package by its name. */
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

const PRELUDE = `
  import { Supervisor } from "@pyisolate/sandbox-core";
  const say = (what) => void process.stdout.write(JSON.stringify(what) + "\\n");
`;

/** A host process, and what it has said. */
export interface Host extends Disposable {
  readonly child: ChildProcess;
  readonly said: readonly Record<string, unknown>[];
  readonly errors: () => string;
  /** Resolves once the host has said something with this key, to that. */
  heard(key: string): Promise<unknown>;
  /** Resolves when it has ended, to how. */
  ended(): Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/** How a host is started: through another command, or with a descriptor that it inherits as number 27. */
export interface HostStart {
  readonly wrap?: readonly string[];
  readonly inherited?: number;
}

/** Runs a program, in which `Supervisor` and `say` are known, in a host process of its own. */
export function startHost(program: string, { wrap = [], inherited }: HostStart = {}): Host {
  const node = [
    process.execPath,
    "--no-node-snapshot",
    "--input-type=module",
    "--eval",
    `${PRELUDE}${program}`,
  ];
  const [file = "", ...args] = [...wrap, ...node];
  const more = inherited === undefined ? [] : [...Array<"ignore">(24).fill("ignore"), inherited];
  const child = spawn(file, args, {
    cwd: PACKAGE,
    env: { ...process.env, SECRET_OF_THE_HOST: "hidden" },
    stdio: ["ignore", "pipe", "pipe", ...more],
  });
  const said: Record<string, unknown>[] = [];
  let text = "";
  let errors = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) said.push(JSON.parse(line) as Record<string, unknown>);
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  const end = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  return {
    child,
    said,
    errors: () => errors,
    heard: async (key) => {
      const found = (): Record<string, unknown> | undefined => said.find((what) => key in what);
      await until(
        `the host says ${key}; it said ${JSON.stringify(said)} ${errors}`,
        () => found() !== undefined || child.exitCode !== null,
      );
      const what = found();
      if (what === undefined) throw new Error(`the host ended without saying ${key}: ${errors}`);
      return what[key];
    },
    ended: async () => await end,
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}
