// Plain JavaScript, since stripping types would cost memory in the yardstick.
// A child process with an isolate whose guest awaits what the host answers, value for value, with nothing between: no policy, no limits, no
// account of calls. What every function of a host costs a guest in another process at the least.
import { Socket } from "node:net";
import { deserialize, serialize } from "node:v8";

import ivm from "isolated-vm";

const isolate = new ivm.Isolate({ memoryLimit: 64 });
const context = isolate.createContextSync();
const channel = new Socket({ fd: 3 });
const control = new Socket({ fd: 4 });

context.global.setSync(
  "send",
  new ivm.Callback((/** @type {unknown} */ value) => {
    const body = serialize(value);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(body.length);
    channel.write(Buffer.concat([head, body]));
  }),
);
const settle = context.evalSync(
  `(() => {
    const waiting = [];
    globalThis.ask = (value) => new Promise((resolve) => { waiting.push(resolve); send(value); });
    return (value) => waiting.shift()(value);
  })()`,
  { reference: true },
);
const run = context.evalSync(
  `(async (times) => { for (let i = 0; i < times; i++) await ask({ id: i, name: "a person" }); })`,
  { reference: true },
);

let unread = Buffer.alloc(0);
channel.on("data", (/** @type {Buffer} */ chunk) => {
  unread = Buffer.concat([unread, chunk]);
  while (unread.length >= 4) {
    const end = 4 + unread.readUInt32LE(0);
    if (unread.length < end) return;
    const value = /** @type {unknown} */ (deserialize(unread.subarray(4, end)));
    unread = unread.subarray(end);
    settle.applySync(undefined, [value], { arguments: { copy: true } });
  }
});
control.on("data", (/** @type {Buffer} */ chunk) => {
  const times = Number(chunk.toString());
  const start = process.hrtime.bigint();
  void run.apply(undefined, [times], { result: { promise: true } }).then(() => {
    control.write(String(Number(process.hrtime.bigint() - start) / times));
  });
});
control.on("close", () => process.exit(0));
control.write("ready");
