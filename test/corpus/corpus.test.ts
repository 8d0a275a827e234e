import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { parsePolicy } from "@pyisolate/policy";
import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { fresh, type World } from "./ground.ts";
import { allModules, programs, type Seen } from "./programs.ts";
import { CorpusServer } from "./server.ts";
import { consoleLine, endingInCell, seenInNode } from "./side-by-side.ts";

// Programs as people write them, side by side in Node and in a cell.

const all = programs(import.meta.dirname);
let root = "";
let world: World;
let server: CorpusServer;
let supervisor: Supervisor;
let cell: Sandbox;
let lines: string[] = [];
let inNode: readonly Seen[] = [];

beforeAll(async () => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), "pyisolate-corpus-")));
  server = await CorpusServer.start();
  world = { folder: root, server: server.address };
  inNode = await seenInNode(import.meta.dirname, world);
  supervisor = new Supervisor({
    policy: parsePolicy({
      version: 1,
      name: "corpus",
      rules: [
        { id: "modules", effect: "allow", capability: "import", modules: ["*"] },
        {
          id: "files",
          effect: "allow",
          capability: "filesystem",
          paths: [world.folder, `${world.folder}/**`],
        },
        { id: "random", effect: "allow", capability: "random" },
        { id: "network", effect: "allow", capability: "network", hosts: ["127.0.0.1:*"] },
      ],
      limits: { cpu_ms: 20_000, wall_ms: 20_000, memory_mib: 128 },
    }),
    modules: allModules(all),
  });
  cell = await supervisor.spawn("corpus", {
    onConsole: (level, text) => lines.push(consoleLine(level, text)),
  });
  await cell.exec(
    `globalThis.DIR = ${JSON.stringify(world.folder)}; globalThis.SERVER = ${JSON.stringify(world.server)}; 0`,
  );
}, 120_000);

afterAll(async () => {
  await supervisor.close();
  await server[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

test.each(all.map((program, at) => [program.topic, program.name, program.source, at] as const))(
  "%s: %s",
  async (_topic, _name, source, at) => {
    lines = [];
    fresh(world);
    const ending = await endingInCell(cell, source);
    expect({ lines, ending }).toEqual(inNode[at]);
  },
);
