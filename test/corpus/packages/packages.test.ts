import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { parsePolicy } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { programs, type Seen } from "../programs.ts";
import { consoleLine, endingInCell, seenInNode } from "../side-by-side.ts";
import { bundled, WHOLE_FILES, wholeFile } from "./supplied-packages.ts";

// Packages that people use, as supplied modules: the same program does the same with the package itself in Node.

const all = programs(import.meta.dirname);
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "pyisolate-packages-test-")));
let inNode: readonly Seen[] = [];

beforeAll(async () => {
  inNode = await seenInNode(import.meta.dirname, { folder, server: "" });
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function seenInCell(name: string, module: string, source: string): Promise<Seen> {
  await using supervisor = new Supervisor({
    policy: parsePolicy({
      version: 1,
      name: "packages",
      rules: [
        { id: "modules", effect: "allow", capability: "import", modules: ["*"] },
        { id: "random", effect: "allow", capability: "random" },
      ],
      limits: { cpu_ms: 20_000, wall_ms: 30_000, memory_mib: 128 },
    }),
    modules: { [name]: module },
    pool: 0,
  });
  const lines: string[] = [];
  await using cell = await supervisor.spawn("packages", {
    onConsole: (level, text) => lines.push(consoleLine(level, text)),
  });
  return { ending: await endingInCell(cell, source), lines };
}

const rows = all.map(({ name, source }, at) => [name, source, at] as const);
const isModule = (source: string): boolean => /^import /m.test(source);

describe("a package in one module, by esbuild, does as in Node", () => {
  test.each(rows)("%s", { timeout: 60_000 }, async (name, source, at) => {
    const module = await bundled(name, isModule(source));
    expect(await seenInCell(name, module, source)).toEqual(inNode[at]);
  });
});

describe("a package whose one file is given as it is does as in Node", () => {
  test.each(rows.filter(([name]) => name in WHOLE_FILES))(
    "%s",
    { timeout: 60_000 },
    async (name, source, at) => {
      expect(await seenInCell(name, wholeFile(name), source)).toEqual(inNode[at]);
    },
  );
});
