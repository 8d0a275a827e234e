import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { pageBytes, threadClock } from "./thread-clock.ts";

/** Of a process whose first thread works for 200 ms, and two others for as long at the same time. */
const PROGRAM = `
  const { Worker } = require("node:worker_threads");
  const spin = "const end = performance.now() + 200; while (performance.now() < end);";
  const workers = [new Worker(spin, { eval: true }), new Worker(spin, { eval: true })];
  eval(spin);
  Promise.all(workers.map((each) => new Promise((ended) => each.on("exit", ended)))).then(() => {
    process.stdout.write("done");
    setInterval(() => {}, 1000);
  });`;

test("the clock counts a process's first thread, and no other", async () => {
  const child = spawn(process.execPath, ["-e", PROGRAM], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const pid = child.pid ?? 0;
  const clock = threadClock();
  const ms = clock.milliseconds(readFileSync(clock.file(pid), "latin1"));
  // By the kernel's other count, in ticks of 10 ms.
  const fields = readFileSync(`/proc/${pid}/task/${pid}/stat`, "latin1").split(") ")[1]?.split(" ");
  const ticks = Number(fields?.[11]) + Number(fields?.[12]);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(Math.abs(ms - ticks * 10)).toBeLessThan(30);
});

test("a page has 4 KiB or more", () => {
  expect(pageBytes() % 4096).toBe(0);
  expect(pageBytes()).toBeGreaterThan(0);
});
