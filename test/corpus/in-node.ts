// Runs each program in Node itself, in a process of its own, and writes what was seen of it: the line of JSON that the test reads.
import { Console } from "node:console";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { deserialize, serialize } from "node:v8";

import { cleanText } from "@pyisolate/policy";

import { runAsPackage } from "./as-package.ts";
import { fresh, type World } from "./ground.ts";
import { type Program, programs, type Seen } from "./programs.ts";

const [, , folder = "", given = "{}"] = process.argv;
const world = JSON.parse(given) as World;
const require = createRequire(import.meta.url);
const { constructor: AsyncFunction } = Object.getPrototypeOf(async () => {}) as {
  readonly constructor: AsyncFunctionConstructor;
};
type AsyncFunctionConstructor = new (
  ...texts: string[]
) => (...args: unknown[]) => Promise<unknown>;
const names = ["require", "console", "DIR", "SERVER"];
let lines: string[] = [];

function lineStream(name: string): Writable {
  let rest = "";
  return new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      const whole = (rest + text).split("\n");
      rest = whole.pop() ?? "";
      for (const line of whole) lines.push(`${name} ${cleanText(line, 8192)}`);
      done();
    },
  });
}
const console = new Console({ stdout: lineStream("out"), stderr: lineStream("err") });

/** A program is not a module here: its imports become awaited constants, which is all that the programs need. */
function asBody(source: string): string {
  return source.replaceAll(
    /^import (?:(\w+)(?:, )?)?(?:\{(.+?)\})? from ("[^"]+");$/gm,
    (_, standard: string | undefined, names: string | undefined, from: string) => {
      const bound = [standard && `default: ${standard}`, names?.replaceAll(" as ", ": ")];
      return `const { ${bound.filter(Boolean).join(", ")} } = await import(${from});`;
    },
  );
}

async function run(program: Program): Promise<unknown> {
  const { folder: DIR, server: SERVER } = world;
  if (Object.keys(program.modules).length === 0 && program.topic !== "packages")
    return await new AsyncFunction(...names, asBody(program.source))(require, console, DIR, SERVER);
  const packages = mkdtempSync(path.join(tmpdir(), "pyisolate-packages-"));
  try {
    return await runAsPackage(program, packages, { console, DIR, SERVER });
  } finally {
    rmSync(packages, { recursive: true });
  }
}

async function seen(program: Program): Promise<Seen> {
  lines = [];
  fresh(world);
  let ending: string;
  try {
    const value = await run(program);
    ending = inspect(deserialize(serialize(value)), { depth: 8 });
  } catch (error) {
    const { name, message } = error as Error;
    ending = `${name}: ${message}`;
  }
  return { lines, ending };
}

// Some programs wait for what alone would not keep a process.
setInterval(() => undefined, 1000);
const all: Seen[] = [];
for (const program of programs(folder)) all.push(await seen(program));
process.stdout.write(JSON.stringify(all));
// A program may leave a timer.
process.exit(0);
