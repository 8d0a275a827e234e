import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";

import { Supervisor } from "@pyisolate/sandbox-core";
import { expect, test } from "vitest";

import { decodeClone, encodeClone } from "../clone/structured-clone.ts";
import { FrameReader } from "../frame-reader.ts";
import { encodeExec, encodeJson, Frame } from "../frames.ts";
import { isolateAddon } from "../host/process/cell-files.ts";
import { policyOf } from "../testing/cells.ts";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const bundle = join(dist, "bundle");

/** Runs a program in a cell that Node was started for by hand, with these arguments before the addon. Gives its value and what it printed. */
async function inCell(
  args: readonly string[],
  source: string,
): Promise<{ readonly value: unknown; readonly printed: string }> {
  const cell = spawn(process.execPath, [...args, isolateAddon()], {
    env: { OPENSSL_CONF: "" },
    stdio: ["ignore", "pipe", "inherit", "pipe", "pipe"],
  });
  let printed = "";
  cell.stdout?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  try {
    const channel = cell.stdio[4] as Duplex;
    channel.write(encodeJson(Frame.start, 0, { memoryMib: 64, ca: null }));
    const limits = { cpuMs: 10_000, wallMs: 10_000, outputBytes: 1024 };
    channel.write(encodeExec(1, encodeClone({ source, ...limits }), new Uint8Array()));
    const reader = new FrameReader(() => 1 << 16);
    for await (const chunk of channel as AsyncIterable<Buffer>) {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next())
        if (frame.kind === Frame.result) return { value: decodeClone(frame.body), printed };
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

/** Loads the cell's bundle, and prints what isolated-vm says of the compiled form of the guest's code. */
const OF_THE_GUEST = `
  const dlopen = process.dlopen.bind(process);
  process.dlopen = (module, file) => {
    dlopen(module, file);
    const real = module.exports.ivm;
    class Isolate extends real.Isolate {
      compileScriptSync(text, options) {
        const script = super.compileScriptSync(text, options);
        require("node:fs").writeSync(1, String(script.cachedDataRejected));
        return script;
      }
    }
    module.exports = { ivm: Object.create(real, { Isolate: { value: Isolate } }) };
  };
  require(${JSON.stringify(join(bundle, "main.cjs"))});`;

test("V8 takes the compiled form of the guest's code that the build has made", async () => {
  const { value, printed } = await inCell(["--eval", OF_THE_GUEST, "cell"], "1 + 1");
  expect({ value, printed }).toEqual({ value: 2, printed: "false" });
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

test("a signal that would open Node's debugger opens none in a cell", async () => {
  await using supervisor = new Supervisor({ policy: policyOf([]), pool: 0 });
  const cell = await supervisor.spawn("signalled");
  process.kill(cell.pid, "SIGUSR1");
  expect(await cell.exec("1 + 1")).toBe(2);
});
