import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { policyOf, until } from "../testing/cells.ts";
import { isRunning, processesRunning } from "../testing/processes.ts";
import { taken } from "../testing/taken.ts";
import { CELL_MARK } from "./process/cell-mark.ts";
import { MarkedProcesses } from "./process/kill-marked.ts";

// What a cell that a guest has taken over starts, and leaves running in every way that it has. Not confined: else it could start nothing.

let lastTag = 0;
/** A number of seconds that no other test sleeps for. */
const newTag = (): string => `${200_000 + process.pid}.${++lastTag}`;

const descriptors = (): number => readdirSync("/proc/self/fd").length;

describe("when close() has resolved, nothing runs and no descriptor is left of a taken cell whose child", () => {
  test.each([
    ["left the session", `spawn("/bin/sleep", [TAG], { detached: true, stdio: "ignore" });`],
    [
      "left the session and keeps standard error and both channels open",
      `spawn("/bin/sleep", [TAG], { detached: true, stdio: ["ignore", "ignore", 2, 3, 4] });`,
    ],
    [
      "emptied its environment and outlives the cell in its group",
      `spawn("/bin/sleep", [TAG], { env: {}, stdio: ["ignore", "ignore", 2] }); setTimeout(() => process.exit(0), 300);`,
    ],
    [
      "did so while the cell ended itself at once",
      `spawn("/bin/sleep", [TAG], { env: {}, stdio: "ignore" }).on("spawn", () => process.kill(process.pid, "SIGKILL"));`,
    ],
    [
      "left the session, and has one with an empty environment in its group",
      `spawn("/bin/sh", ["-c", "env -i sleep " + TAG + " & exec sleep " + TAG], { detached: true, stdio: ["ignore", "ignore", 2] });`,
    ],
    [
      "left the session and is another process every few milliseconds",
      `spawn("/bin/sh", ["-c", 'n=0; hop() { n=$((n+1)); [ $n -gt 3000 ] || { /bin/sleep 0.005; hop & } ; }; hop; : ' + TAG], { detached: true, stdio: "ignore" });`,
    ],
    [
      "left the session fifty times",
      `for (let at = 0; at < 50; at++) spawn("/bin/sleep", [TAG], { detached: true, stdio: "ignore" });`,
    ],
  ])("%s", async (_how, program) => {
    const tag = newTag();
    const before = descriptors();
    using copy = await taken(`const TAG = ${JSON.stringify(tag)}; ${program} ready();`);
    const supervisor = new copy.Supervisor({ kernel: "off", policy: policyOf([]), pool: 0 });
    const cell = await supervisor.spawn("taken");
    await until("it started something", () => processesRunning(tag).length > 0);
    const endsItself = /process\.(?:exit|kill)/.test(program);
    const call = cell.exec("1").catch((error: unknown) => error);
    await until("the cell ended, where it does so itself", () => cell.closed || !endsItself);
    await cell.close();
    // Killed with its group, which nothing shows but that it is gone.
    await until("it is gone", () => processesRunning(tag).length === 0, 1000);
    expect(await call).toBeInstanceOf(Error);
    await supervisor.close();
    expect(processesRunning(tag)).toEqual([]);
    await until("its descriptors are closed", () => descriptors() <= before, 2000);
  });
});

test("a process that hides from every search holds neither close() nor a descriptor of the host", async () => {
  const tag = newTag();
  const before = descriptors();
  using copy = await taken(`
    spawn("/bin/sleep", [${JSON.stringify(tag)}], { detached: true, env: {}, stdio: ["ignore", "ignore", 2, 3, 4] });
    ready();
  `);
  const supervisor = new copy.Supervisor({ kernel: "off", policy: policyOf([]), pool: 0 });
  const cell = await supervisor.spawn("taken");
  await until("it started something", () => processesRunning(tag).length === 1);
  const call = cell.exec("1").catch((error: unknown) => error);
  const started = performance.now();
  await cell.close();
  await supervisor.close();
  expect(performance.now() - started).toBeLessThan(4000);
  expect(await call).toMatchObject({ name: "ClosedError" });
  await until("its descriptors are closed", () => descriptors() <= before, 2000);
  // What the README says of it.
  const [hidden = 0] = processesRunning(tag);
  expect(isRunning(hidden)).toBe(true);
  process.kill(hidden, "SIGKILL");
});

describe("one search serves all that wait for it", () => {
  const mark = (at: number): string => at.toString(16).padStart(24, "a");
  const search = async (at: number): Promise<void> => await new MarkedProcesses(0, mark(at)).kill();
  async function marked(at: number, filler = ""): Promise<number> {
    const child = spawn("/bin/sleep", ["600"], {
      env: { ...(filler === "" ? {} : { FILLER: filler }), [CELL_MARK]: mark(at) },
      detached: true,
      stdio: "ignore",
    });
    await once(child, "spawn");
    return child.pid ?? 0;
  }

  test("forty cells that end at once, each with what it left, and one that left nothing", async () => {
    const pids = await Promise.all(Array.from({ length: 40 }, async (_, at) => await marked(at)));
    const other = await marked(40);
    const nothing = 41;
    await Promise.all([...pids.keys(), nothing].map(search));
    expect(pids.filter(isRunning)).toEqual([]);
    expect(isRunning(other)).toBe(true);
    process.kill(other, "SIGKILL");
  });

  test("a mark is found wherever it stands in a large environment", async () => {
    const pids: number[] = [];
    // The chunks that are read end at 32 KiB: the mark lies before, across and behind the first one's end.
    for (const length of [32_700, 32_720, 32_730, 32_740, 32_750, 32_760, 32_770, 100_000])
      pids.push(await marked(pids.length, "x".repeat(length)));
    await Promise.all([...pids.keys()].map(search));
    expect(pids.filter(isRunning)).toEqual([]);
  });
});
