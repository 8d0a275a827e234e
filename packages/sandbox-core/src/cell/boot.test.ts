import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";

import { Supervisor } from "@pyisolate/sandbox-core";
import { expect, test } from "vitest";

import { decodeClone } from "../clone/structured-clone.ts";
import { FrameReader } from "../frame-reader.ts";
import { encodeJson, Frame } from "../frames.ts";
import { isolateAddon } from "../host/process/cell-files.ts";
import { CELL_STACK_KIB } from "../stack-sizes.ts";
import { policyOf } from "../testing/cells.ts";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const bundle = join(dist, "bundle");

/** How deep a function can call itself. */
const DEPTH = `let n = 0; (function deeper() { n++; try { deeper(); } catch {} })(); n`;

/** Runs a program in a cell that Node was started for by hand, with these of its options. */
async function inCell(options: readonly string[], source: string): Promise<unknown> {
  const program = [...options, join(bundle, "boot.cjs"), isolateAddon()];
  const cell = spawn(process.execPath, program, {
    env: { OPENSSL_CONF: "" },
    stdio: ["ignore", "ignore", "inherit", "pipe", "pipe"],
  });
  try {
    const channel = cell.stdio[4] as Duplex;
    channel.write(encodeJson(Frame.start, 0, { memoryMib: 64, ca: null }));
    const limits = { cpuMs: 10_000, wallMs: 10_000, outputBytes: 1024 };
    channel.write(encodeJson(Frame.exec, 1, { source, ...limits }));
    const reader = new FrameReader(() => 1 << 16);
    for await (const chunk of channel as AsyncIterable<Buffer>) {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next())
        if (frame.kind === Frame.result) return decodeClone(frame.body);
    }
    throw new Error("the cell ended without a result");
  } finally {
    if (cell.exitCode === null && cell.signalCode === null) {
      cell.kill("SIGKILL");
      await once(cell, "exit");
    }
  }
}

/** Whether V8, with the flags that it has by itself, rejects the compiled form beside a bundle; "undefined" if there is none. */
function isRejected(main: string): string {
  const program = `import { mainScript } from ${JSON.stringify(join(dist, "cell/main-script.js"))};
    process.stdout.write(String(mainScript(${JSON.stringify(main)}).script.cachedDataRejected));`;
  return execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    env: {},
  });
}

test("V8 takes the compiled form of the cell's code that the build has made", () => {
  expect(isRejected(join(bundle, "main.cjs"))).toBe("false");
});

test("where V8 does not take it, or it is missing, the text is compiled", () => {
  const folder = mkdtempSync(join(tmpdir(), "pyisolate-boot-"));
  try {
    const main = join(folder, "main.cjs");
    copyFileSync(join(bundle, "main.cjs"), main);
    expect(isRejected(main)).toBe("undefined");
    writeFileSync(join(folder, "main.cache"), "made by another Node");
    expect(isRejected(main)).toBe("true");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a guest has the stack that Node gives a program, and not twice that as the cell's own code, whether Node shows its internals or not", async () => {
  const stack = `--stack-size=${CELL_STACK_KIB}`;
  const seen = await Promise.all([
    inCell([stack, "--expose-internals"], DEPTH),
    inCell([stack], DEPTH),
    // What it would have without the line that is tested.
    inCell([], DEPTH),
  ]);
  const [internals, module, usual] = seen as [number, number, number];
  // Depths differ a little with what V8 has compiled meanwhile.
  for (const depth of [internals, module]) {
    expect(depth / usual).toBeGreaterThan(0.6);
    expect(depth / usual).toBeLessThan(1.5);
  }
});

test("a signal that would open Node's debugger opens none in a cell", async () => {
  await using supervisor = new Supervisor({ policy: policyOf([]), pool: 0 });
  const cell = await supervisor.spawn("signalled");
  process.kill(cell.pid, "SIGUSR1");
  expect(await cell.exec("1 + 1")).toBe(2);
});
