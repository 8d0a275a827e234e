import { execFile } from "node:child_process";
import path from "node:path";
import { inspect, promisify } from "node:util";

import { GuestError, type Sandbox } from "@pyisolate/sandbox-core";

import type { World } from "./ground.ts";
import type { Seen } from "./programs.ts";

/** What Node itself does with the programs of a folder, in a process of its own. */
export async function seenInNode(folder: string, world: World): Promise<readonly Seen[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(import.meta.dirname, "in-node.ts"), folder, JSON.stringify(world)],
    { maxBuffer: 2 ** 26, env: { TZ: "UTC", PATH: "/usr/bin:/bin" } },
  );
  return JSON.parse(stdout) as Seen[];
}

/** A console line of a cell, as it is written for Node's. */
export const consoleLine = (level: string, text: string): string =>
  `${/^(?:warn|error)$/.test(level) ? "err" : "out"} ${text}`;

/** How a program ends in a cell. */
export async function endingInCell(cell: Sandbox, source: string): Promise<string> {
  try {
    return inspect(await cell.exec(source), { depth: 8 });
  } catch (error) {
    if (!(error instanceof GuestError)) throw error;
    return `${error.guestName}: ${error.message}`;
  }
}
