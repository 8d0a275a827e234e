import { spawn } from "node:child_process";
import { once } from "node:events";

import { expect, test } from "vitest";

import { attributesOf, otlpReceiver } from "../testing/otlp-receiver.ts";

// Against the built package: a child process has no vitest to compile for it.
const DIST = new URL("../../dist/", import.meta.url).href;

function service(endpoint: string, more = ""): string {
  return `
    import { createDenialRecorder, denialEvent } from ${JSON.stringify(`${DIST}index.js`)};
    import { startTelemetry } from ${JSON.stringify(`${DIST}sdk.js`)};
    startTelemetry({ serviceName: "plugins", endpoint: ${JSON.stringify(endpoint)}, shutdownOnSignal: true });
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
