// Plain JavaScript, since stripping types would cost memory in the yardstick.
// A child process with an isolate and the cell's own channel, and nothing else: what every cell costs at the least. With
// `--empty` it only holds the isolate. The guest asks over the channel and throws an Error that it catches.
import { Socket } from "node:net";

import ivm from "isolated-vm";

const isolate = new ivm.Isolate({ memoryLimit: 64 });
const context = isolate.createContextSync();
const control = new Socket({ fd: 4 });

if (process.argv.includes("--empty")) {
  control.on("close", () => process.exit(0));
  control.write("ready");
} else {
  const { askSync } = await import("../../packages/sandbox-core/dist/cell/channel.js");
  const request = { c: "import", o: "load", t: "node:net", x: 1 };
  context.global.setSync("ask", new ivm.Callback(() => askSync(request).ok));
  const run = context.evalSync(
    `((times) => { for (let i = 0; i < times; i++) { try { ask(); throw new Error("import denied"); } catch {} } })`,
    { reference: true },
  );
  control.on("data", (/** @type {Buffer} */ chunk) => {
    const times = Number(chunk.toString());
    const start = process.hrtime.bigint();
    run.applySync(undefined, [times]);
    control.write(String(Number(process.hrtime.bigint() - start) / times));
  });
  control.on("close", () => process.exit(0));
  control.write("ready");
}
