import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { attributesOf, otlpReceiver } from "../testing/otlp-receiver.ts";

// Against the built package: a child process has no vitest to compile for it.
const DIST = new URL("../../dist/", import.meta.url).href;

function service(endpoint: string, more = "", first = ""): string {
  return `
    ${first}
    import { createDenialRecorder, denialEvent } from ${JSON.stringify(`${DIST}index.js`)};
    import { startTelemetry } from ${JSON.stringify(`${DIST}sdk.js`)};
    startTelemetry({ serviceName: "plugins", endpoint: ${JSON.stringify(endpoint)} });
    const denials = createDenialRecorder();
    setInterval(() => {}, 1000);
    ${more}
    process.stdout.write("up", () => {
      for (let seq = 1; seq <= 1500; seq++) {
        denials.record(denialEvent({ cell: "tenant-a", capability: "random", operation: "read" }));
      }
    });
  `;
}

async function stop(program: string, signal: NodeJS.Signals) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  await once(child.stdout, "data");
  child.kill(signal);
  const [code, endedBy] = (await exited) as [number | null, NodeJS.Signals | null];
  return { code, endedBy };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s sends everything, then ends the process",
  async (signal) => {
    await using receiver = await otlpReceiver();
    expect(await stop(service(receiver.url), signal)).toEqual({ code: null, endedBy: signal });
    const counts = receiver
      .records()
      .map(({ attributes }) => Number(attributesOf(attributes)["pyisolate.denial.count"]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1500);
    expect(receiver.sum("pyisolate.denials")).toBe(1500);
  },
);

test("a service that listens for the signal itself decides about its end", async () => {
  await using receiver = await otlpReceiver();
  const own = `process.on("SIGTERM", () => setTimeout(() => process.exit(7), 1500));`;
  expect(await stop(service(receiver.url, own), "SIGTERM")).toEqual({ code: 7, endedBy: null });
  expect(receiver.sum("pyisolate.denials")).toBe(1500);
});

test("a service that listens once, and did before telemetry started, decides about its end as well", async () => {
  await using receiver = await otlpReceiver();
  const own = `process.once("SIGTERM", () => setTimeout(() => process.exit(7), 1500));`;
  expect(await stop(service(receiver.url, "", own), "SIGTERM")).toEqual({ code: 7, endedBy: null });
  expect(receiver.sum("pyisolate.denials")).toBe(1500);
});

test("a service that handles the signal goes on recording until its own end", async () => {
  await using receiver = await otlpReceiver();
  const own = `process.on("SIGTERM", () => setTimeout(() => {
    denials.record(denialEvent({ cell: "late", capability: "random", operation: "read" }));
  }, 300)); setTimeout(() => process.exit(0), 3000);`;
  expect(await stop(service(receiver.url, own), "SIGTERM")).toEqual({ code: 0, endedBy: null });
  const cells = receiver.records().map(({ attributes }) => attributesOf(attributes));
  expect(cells.map((of) => of["pyisolate.cell"])).toContain("late");
});

/** Time enough for an end on a busy machine, where all that is asked is whether everything arrives. */
const UNHURRIED = { shutdownTimeoutMillis: 20_000 };

/** A program that denies `count` times and then does as `last` says. */
function program(options: object, count: number, last: string): string {
  return `
    import { createDenialRecorder, denialEvent } from ${JSON.stringify(`${DIST}index.js`)};
    import { startTelemetry } from ${JSON.stringify(`${DIST}sdk.js`)};
    const otel = startTelemetry(${JSON.stringify({ serviceName: "plugins", shutdownTimeoutMillis: 1000, ...options })});
    const denials = createDenialRecorder();
    for (let seq = 1; seq <= ${count}; seq++) {
      denials.record(denialEvent({ cell: "tenant-a", capability: "random", operation: "read" }));
    }
    ${last}
  `;
}

/** Says at its end how long that took, without the start of the process, which takes seconds on a busy machine. */
const TIMED = `const began = Date.now();
  process.on("exit", () => process.stderr.write("telemetry: took " + (Date.now() - began) + "\\n"));`;

function millisOf(lines: readonly string[]): number {
  return Number(
    lines
      .find((line) => line.includes("took"))
      ?.split(" ")
      .at(-1),
  );
}

async function run(source: string) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, said, lines: said.split("\n").filter((line) => line.startsWith("telemetry:")) };
}

function denialsIn(receiver: Awaited<ReturnType<typeof otlpReceiver>>): number {
  return receiver
    .records()
    .map(({ attributes }) => Number(attributesOf(attributes)["pyisolate.denial.count"]))
    .reduce((sum, count) => sum + count, 0);
}

test("a program that just ends has sent everything, and says nothing", async () => {
  await using receiver = await otlpReceiver();
  const { code, said } = await run(program({ endpoint: receiver.url, ...UNHURRIED }, 700, ""));
  expect([code, said]).toEqual([0, ""]);
  expect(denialsIn(receiver)).toBe(700);
  expect(receiver.sum("pyisolate.denials")).toBe(700);
});

test("what is recorded while the program ends is sent too", async () => {
  await using receiver = await otlpReceiver();
  const last = `process.once("beforeExit", () => setTimeout(() => {
    denials.record(denialEvent({ cell: "late", capability: "random", operation: "read" }));
  }, 100));`;
  const options = { endpoint: receiver.url, ...UNHURRIED };
  expect(await run(program(options, 3, last))).toMatchObject({ code: 0 });
  expect(denialsIn(receiver)).toBe(4);
});

test("a program that ends with no server to send to is held up for its time, and says how many are lost", async () => {
  const { code, lines } = await run(program({ endpoint: "http://127.0.0.1:1" }, 700, TIMED));
  expect(code).toBe(0);
  expect(millisOf(lines)).toBeLessThan(9000);
  expect(lines).toContainEqual(expect.stringContaining("before 700 denials could be sent"));
  expect(lines).toHaveLength(2);
}, 20_000);

test("a program whose counts alone cannot be sent is held up for its time, and no longer", async () => {
  // The counts are never answered.
  await using receiver = await otlpReceiver((body) =>
    body.includes("resourceMetrics") ? 503 : 200,
  );
  const options = { endpoint: receiver.url, flushTimeoutMillis: 60_000 };
  const { code, lines } = await run(program(options, 3, TIMED));
  expect(code).toBe(0);
  expect(denialsIn(receiver)).toBe(3);
  // A second for the records and one for the counts; the SDK's timers last ten.
  expect(millisOf(lines)).toBeLessThan(8000);
}, 40_000);

test("process.exit says in one line how many are lost", async () => {
  await using receiver = await otlpReceiver();
  const source = program({ endpoint: receiver.url }, 700, "process.exit(3);");
  const { code, lines } = await run(source);
  expect(code).toBe(3);
  expect(lines).toEqual([expect.stringContaining("before 700 denials could be sent")]);
});

test("with a spool process.exit loses none: the next process sends them", async () => {
  await using receiver = await otlpReceiver();
  const spool = await mkdtemp(join(tmpdir(), "pyisolate-"));
  const options = { endpoint: receiver.url, spool };
  expect(await run(program(options, 700, "process.exit(0);"))).toMatchObject({ code: 0, said: "" });
  expect(await readdir(spool)).not.toEqual([]);
  expect(denialsIn(receiver)).toBe(0);
  expect(await run(program(options, 1, "await otel.shutdown();"))).toMatchObject({ code: 0 });
  expect(denialsIn(receiver)).toBe(701);
  await rm(spool, { recursive: true });
}, 20_000);

test.each([
  ["an error that is thrown", `setTimeout(() => { throw new RangeError("broken"); });`],
  [
    "an error that a promise rejects with",
    `setTimeout(async () => { throw new RangeError("broken"); });`,
  ],
])(
  "%s and is not caught ends the process as it would have, and everything is sent",
  async (_what, last) => {
    await using receiver = await otlpReceiver();
    const { code, said } = await run(program({ endpoint: receiver.url }, 700, last));
    expect(code).toBe(1);
    expect(said).toContain("RangeError: broken");
    expect(said.match(/RangeError: broken/g)).toHaveLength(1);
    expect(denialsIn(receiver)).toBe(700);
  },
);

test("a service that catches such errors itself goes on", async () => {
  await using receiver = await otlpReceiver();
  const last = `process.on("uncaughtException", () => {
      setTimeout(() => {
        denials.record(denialEvent({ cell: "late", capability: "random", operation: "read" }));
      }, 100);
    });
    setTimeout(() => { throw new Error("broken"); });`;
  const { code, said } = await run(program({ endpoint: receiver.url }, 3, last));
  expect([code, said]).toEqual([0, ""]);
  expect(denialsIn(receiver)).toBe(4);
});

test("with shutdownOnSignal: false no signal and no error is listened for", async () => {
  const options = { endpoint: "http://127.0.0.1:1", shutdownOnSignal: false };
  const last = `console.error(["SIGTERM", "SIGINT", "uncaughtException"].map((name) => process.listenerCount(name)).join());
    process.exit(0);`;
  expect((await run(program(options, 0, last))).said).toBe("0,0,0\n");
});

test("where nothing is sent, nothing is listened for", async () => {
  const options = { metrics: "prometheus", logs: "none", port: 0 };
  const last = `console.error(["SIGTERM", "beforeExit", "exit"].map((name) => process.listenerCount(name)).join());
    process.exit(0);`;
  expect((await run(program(options, 0, last))).said).toBe("0,0,0\n");
});
