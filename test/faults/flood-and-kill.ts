import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PROGRAM = join(import.meta.dirname, "flooded-service.ts");

/** Lets a service deny until it has printed this many reports of what is on disk, then kills it. */
export async function floodAndKill(endpoint: string, spool: string, turns: number) {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify({ endpoint, spool })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let said = "0 0";
  let lines = 0;
  for await (const line of createInterface(child.stdout)) {
    said = line;
    lines += 1;
    if (lines === turns) child.kill("SIGKILL");
  }
  await exited;
  const [denied = 0, onDisk = 0] = said.split(" ").map(Number);
  return { denied, onDisk };
}
