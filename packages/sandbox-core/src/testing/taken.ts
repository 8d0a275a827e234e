import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import type * as Package from "@pyisolate/sandbox-core";

import { encodeJson, Frame } from "../frames.ts";

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

const READY = encodeJson(Frame.ready, 0, {}).toString("base64");

// A confined cell finds no file beside its own: the program is one file.
const PRELUDE = `
  const { spawn } = require("node:child_process");
  const { writeSync } = require("node:fs");
  // What follows shall happen to a cell in use, and not while it is being looked at.
  const once = (path, act) => {
    const timer = setInterval(() => {
      if (!require("node:fs").existsSync(path)) return;
      clearInterval(timer);
      act();
    }, 20);
  };
  const ready = () => writeSync(4, Buffer.from("${READY}", "base64"));
`;

/** A copy of the built package that a test has changed. */
export interface Copy extends Disposable {
  readonly Supervisor: typeof Package.Supervisor;
}

/**
 * What a copy goes without: what V8 has compiled of the cell's code, which it would take for a changed text of the same length; and
 * what only a compiler reads, half of the files.
 */
const LEFT_OUT = /\.(?:cache|d\.ts|d\.ts\.map)$/;

/** @param change Is given the folder of the built files. */
export async function copied(change: (dist: string) => void): Promise<Copy> {
  const folder = mkdtempSync(join(tmpdir(), "pyisolate-taken-"));
  cpSync(join(PACKAGE, "dist"), join(folder, "dist"), {
    recursive: true,
    filter: (path) => !LEFT_OUT.test(path),
  });
  cpSync(join(PACKAGE, "package.json"), join(folder, "package.json"));
  // Its source maps lead to the sources.
  for (const name of ["node_modules", "src"]) symlinkSync(join(PACKAGE, name), join(folder, name));
  change(join(folder, "dist"));
  const { Supervisor } = (await import(
    pathToFileURL(join(folder, "dist/index.js")).href
  )) as typeof Package;
  return { Supervisor, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

/**
 * Each cell runs a program of the test's: as one that a guest has taken over.
 *
 * @param program May use `spawn`, `writeSync`, `ready()`, which says that the cell is ready, and `once(path, act)`, which waits for a
 * file that the test makes.
 */
export async function taken(program: string): Promise<Copy> {
  return await copied((dist) =>
    writeFileSync(join(dist, "bundle/main.cjs"), `${PRELUDE}\n${program}`),
  );
}

/**
 * The broker allows whatever it is asked, and names the rule `off`: what is refused all the same, the kernel refuses.
 */
export async function withBrokerOff(): Promise<Copy> {
  return await copied((dist) => {
    for (const name of ["broker", "names/resolve-and-check"]) {
      const file = join(dist, `host/${name}.js`);
      const source = readFileSync(file, "utf8");
      const cut = source.replace(/(import \{[^}]*?)\bdecide,/, "$1");
      if (cut === source) throw new Error("`decide` is imported in other words now");
      writeFileSync(file, `const decide = () => ({ effect: "allow", rule: "off" });\n${cut}`);
    }
  });
}
