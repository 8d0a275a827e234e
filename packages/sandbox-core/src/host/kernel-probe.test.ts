import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, statSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Supervisor } from "@pyisolate/sandbox-core";
import { expect, test } from "vitest";

import { policyOf } from "../testing/cells.ts";
import { grounds } from "../testing/granted.ts";

// A cell asks the kernel about what the broker is then asked, and may refuse: nothing may come of the question.

test("what is refused is left as it was, and no watcher sees a change, whatever the kernel was asked", async () => {
  using ground = grounds();
  const kept = join(ground.granted, "kept");
  mkdirSync(kept);
  for (const folder of [kept, ground.outside]) {
    writeFileSync(join(folder, "file"), "content");
    mkdirSync(join(folder, "folder"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
  }
  const folders = [kept, ground.outside];
  const names = folders.flatMap((folder) => [
    folder,
    ...readdirSync(folder).map((name) => join(folder, name)),
  ]);
  const state = (): unknown[] =>
    names.map((name) => {
      const { ino, mode, size, mtimeMs, ctimeMs, nlink } = statSync(name);
      return { name, ino, mode, size, mtimeMs, ctimeMs, nlink };
    });
  const told: string[] = [];
  const watchers = folders.map((folder) =>
    watch(folder, (event, name) => void told.push(`${event} ${folder}/${name ?? ""}`)),
  );
  // Each waits for a reader: one that opened the pipe, were it for a moment, would let it go on.
  const writers = folders.map((folder) =>
    spawn("/bin/sh", ["-c", `echo x > ${join(folder, "pipe")}`], { stdio: "ignore" }),
  );
  const before = state();

  await using supervisor = new Supervisor({
    policy: policyOf([
      ground.rule,
      { id: "kept", effect: "deny", capability: "filesystem", paths: [`${kept}/**`] },
    ]),
    pool: 0,
    kernel: "require",
  });
  await using cell = await supervisor.spawn("asks");
  const refused = await cell.exec(`
    const fs = require("fs"), { execFileSync } = require("child_process");
    let refused = 0;
    for (const name of ${JSON.stringify(names)})
      for (const act of [
        () => fs.readFileSync(name), () => fs.readdirSync(name), () => fs.writeFileSync(name, "x"),
        () => fs.appendFileSync(name, "x"), () => fs.rmSync(name), () => fs.rmSync(name, { recursive: true }),
        () => fs.mkdirSync(name), () => fs.mkdirSync(name + "/more"), () => execFileSync(name),
      ])
        try { act(); } catch (error) { if (error.name === "PolicyError") refused++; }
    refused`);
  await sleep(100);
  for (const watcher of watchers) watcher.close();
  const waiting = writers.filter(
    ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
  ).length;
  for (const writer of writers) writer.kill("SIGKILL");
  expect(refused).toBe(names.length * 9);
  expect(state()).toEqual(before);
  expect(told).toEqual([]);
  expect(waiting).toBe(2);
  // Else nothing was asked, and the test says nothing.
  const said = new Set(cell.denialEvents().map(({ kernelDecision }) => kernelDecision));
  expect(said).toEqual(new Set(["allow", "deny", "not_evaluated"]));
});
