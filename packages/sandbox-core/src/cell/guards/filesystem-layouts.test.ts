import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { policyOf } from "../../testing/cells.ts";
import { type Grounds, grounds } from "../../testing/granted.ts";

// By the broker alone: once the guest has removed the granted directory, a confined cell may not use another of its name.
//
// Whatever the layout of files, directories and symlinks, nothing outside the granted directory is read, written, listed,
// told of or removed; and what is inside, under its real path, is.

const NAMES = ["a", "b", "c"];
const name = fc.constantFrom(...NAMES);
const way = fc.array(name, { minLength: 1, maxLength: 3 });
const target = fc.oneof(
  fc
    .tuple(fc.constantFrom("granted", "outside"), way)
    .map(([where, parts]) => `/${where}/${parts.join("/")}`),
  fc
    .tuple(
      fc.constantFrom("", "../", "../../", "../outside/", "../../outside/", "../granted/"),
      way,
    )
    .map(([up, parts]) => `${up}${parts.join("/")}`),
  fc.constantFrom("..", "../..", "../outside", "/outside", "/granted", "."),
);
const layout = fc.array(
  fc.record({
    where: fc.constantFrom("granted", "outside"),
    way,
    kind: fc.oneof(
      fc.record({ link: target }),
      fc.constantFrom("file" as const, "directory" as const),
    ),
  }),
  { maxLength: 14 },
);

const step = fc.constantFrom(...NAMES, "..", ".", "");
const path = fc
  .tuple(
    fc.constantFrom("/granted/", "/outside/", "/granted/../"),
    fc.array(step, { maxLength: 5 }),
  )
  .map(([start, steps]) => start + steps.join("/"));
const operation = fc.constantFrom(
  "readFile",
  "readFile",
  "writeFile",
  "appendFile",
  "readdir",
  "readdirs",
  "stat",
  "exists",
  "mkdir",
  "mkdirs",
  "rm",
  "rmr",
);
const operations = fc.array(fc.tuple(operation, path, fc.boolean()), {
  minLength: 1,
  maxLength: 12,
});

let place: Grounds;
let supervisor: Supervisor;
let cell: Sandbox;

beforeAll(async () => {
  place = grounds();
  supervisor = new Supervisor({ kernel: "off", policy: policyOf([place.rule]), pool: 0 });
  cell = await supervisor.spawn("explorer");
  await cell.exec(`globalThis.fs = require("fs");
    globalThis.attempt = async (name, path, sync) => {
      const options = { mkdirs: { recursive: true }, rmr: { recursive: true }, readdirs: { recursive: true } }[name];
      const method = { mkdirs: "mkdir", rmr: "rm", readdirs: "readdir" }[name] ?? name;
      try {
        if (method === "exists") return { value: fs.existsSync(path) };
        const args = /write|append/.test(method) ? [path, "guest"] : [path, method === "readFile" ? "utf8" : options];
        const value = sync ? fs[method + "Sync"](...args) : await fs.promises[method](...args);
        return { value: method === "stat" ? [value.size, value.isDirectory()] : value };
      } catch (error) { return { name: error.name, code: error.code, message: error.message }; }
    };
    0`);
});

afterAll(async () => {
  await supervisor.close();
  place[Symbol.dispose]();
});

function build(
  given: readonly {
    where: string;
    way: readonly string[];
    kind: "file" | "directory" | { link: string };
  }[],
): void {
  for (const folder of [place.granted, place.outside]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  }
  for (const { where, way: parts, kind } of given) {
    const at = join(place.root, where, ...parts);
    try {
      // Real directories only: what is built must be where it says it is.
      for (let depth = 0; depth < parts.length - 1; depth++) {
        const parent = join(place.root, where, ...parts.slice(0, depth + 1));
        if (lstatSync(parent, { throwIfNoEntry: false }) === undefined) mkdirSync(parent);
        else if (!lstatSync(parent).isDirectory()) throw new Error("in the way");
      }
      if (kind === "file") writeFileSync(at, `${where} ${parts.join("/")}`, { flag: "wx" });
      else if (kind === "directory") mkdirSync(at);
      else symlinkSync(kind.link.startsWith("/") ? join(place.root, kind.link) : kind.link, at);
    } catch {
      // Something stands there already.
    }
  }
}

/** Everything below a directory, with its content. Node's own recursive listing would follow symlinks. */
function pictureOf(directory: string, way = ""): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const at = join(directory, entry.name);
    const here = `${way}/${entry.name}`;
    if (entry.isDirectory()) return [here, ...pictureOf(at, here)];
    return [`${here} ${entry.isFile() ? readFileSync(at, "utf8") : "link"}`];
  });
}

interface Told {
  readonly value?: unknown;
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
}

/** What is wrong with what the guest was told, by the kernel's own word of where the path leads once `..` has gone by text. */
function complaint(
  what: string,
  path: string,
  told: Told,
  { real, content }: Oracle,
): string | undefined {
  const inside = real !== null && (real === place.granted || real.startsWith(`${place.granted}/`));
  const hasValue = "value" in told;
  if (hasValue && !inside && ["readFile", "readdir", "readdirs", "stat"].includes(what))
    return "told of what is outside";
  if (hasValue && what === "exists" && told.value !== (real !== null))
    return "wrong about what exists";
  if (inside && content !== null && what === "readFile" && told.value !== content)
    return "wrong content";
  if (real !== null && !inside && !what.startsWith("rm") && told.name !== "PolicyError")
    return "not refused";
  const message = told.message ?? "";
  if (
    told.name === "PolicyError"
      ? message.includes("/")
      : message.includes("/") && !message.includes(`'${path}'`) && !isOfFolder(told, path)
  )
    return "a path of the host's";
  return undefined;
}

/** Whether it is Node's error for the removal of a folder, which does not quote the path. */
function isOfFolder({ code, message = "" }: Told, path: string): boolean {
  return code === "ERR_FS_EISDIR" && !message.replace(path, "").includes("/");
}

interface Oracle {
  /** Null where the path leads nowhere. */
  readonly real: string | null;
  readonly content: string | null;
}

function oracle(path: string): Oracle {
  try {
    const real = realpathSync(resolve(path));
    const isFile = lstatSync(real).isFile();
    // `x/` and `x/.` name a directory, or nothing.
    if (isFile && /\/\.{0,2}$/.test(path)) return { real: null, content: null };
    return { real, content: isFile ? readFileSync(real, "utf8") : null };
  } catch {
    return { real: null, content: null };
  }
}

test("nothing outside the granted directory is ever touched or disclosed", async () => {
  const run = async (
    given: Parameters<typeof build>[0],
    asked: readonly (readonly [string, string, boolean])[],
  ): Promise<void> => {
    build(given);
    const before = pictureOf(place.outside);
    for (const [what, wanted, sync] of asked) {
      const absolute = place.root + wanted;
      const expected = oracle(absolute);
      const told = (await cell.call("attempt", what, absolute, sync)) as Told;
      expect(
        complaint(what, absolute, told, expected),
        `${what} ${wanted}: ${JSON.stringify(told)}, where the kernel says ${JSON.stringify(expected)}`,
      ).toBeUndefined();
      expect(pictureOf(place.outside)).toEqual(before);
    }
  };
  await fc.assert(fc.asyncProperty(layout, operations, run), { numRuns: 250 });
}, 120_000);
