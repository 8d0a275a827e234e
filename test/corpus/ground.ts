import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** What the programs act on. */
export interface World {
  /** A folder of their own. */
  readonly folder: string;
  /** The address of a server on loopback. */
  readonly server: string;
}

/** Makes what is in the folder as each program finds it. The folder itself stays: a confined cell was given that very folder. */
export function fresh({ folder }: World): void {
  for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true });
  mkdirSync(path.join(folder, "inner"));
  writeFileSync(path.join(folder, "notes.txt"), "first line\nsécond line\n");
  writeFileSync(path.join(folder, "config.json"), JSON.stringify({ name: "demo", count: 1 }));
  writeFileSync(
    path.join(folder, "inner", "data.bin"),
    Uint8Array.from({ length: 256 }, (_, at) => at),
  );
}
