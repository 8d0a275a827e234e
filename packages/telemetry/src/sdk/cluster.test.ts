import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { otlpReceiver } from "../testing/otlp-receiver.ts";

// Against the built package: a child process has no vitest to compile for it.
const DIST = new URL("../../dist/", import.meta.url).href;

/** Three workers of a cluster. Each counts as many denials as its number says, and tells whether it can be scraped, and where. */
const CLUSTER = `
  import cluster from "node:cluster";
  import { createDenialRecorder, denialEvent } from ${JSON.stringify(`${DIST}index.js`)};
  import { startTelemetry } from ${JSON.stringify(`${DIST}sdk.js`)};
  const options = JSON.parse(process.env.TELEMETRY);
  if (cluster.isPrimary) {
    const told = [];
    cluster.on("message", (worker, message) => {
      told.push(message);
      if (told.length === 3) process.send(told);
    });
    for (let worker = 0; worker < 3; worker++) cluster.fork();
    process.on("message", () => cluster.disconnect(() => process.exit()));
  } else {
    const { id } = cluster.worker;
    const otel = startTelemetry(options);
    const denials = createDenialRecorder();
    for (let seq = 0; seq < id; seq++) {
      denials.record(denialEvent({ cell: "tenant-a", capability: "random", operation: "read" }));
    }
    try {
      await otel.ready();
      await otel.flush();
      process.send({ id, url: otel.prometheusUrl });
    } catch ({ name, code, message }) {
      process.send({ id, name, code, message });
    }
  }
`;

interface Told {
  readonly id: number;
  readonly url?: string;
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
}

async function runCluster(options: object): Promise<{ child: ChildProcess; told: Told[] }> {
  const folder = await mkdtemp(join(tmpdir(), "pyisolate-cluster-"));
  const program = join(folder, "cluster.mjs");
  await writeFile(program, CLUSTER);
  const env = { ...process.env, TELEMETRY: JSON.stringify(options) };
  const child = fork(program, { env, execArgv: [] });
  onTestFinished(async () => {
    const exited = once(child, "exit");
    child.send("end");
    await exited;
    await rm(folder, { recursive: true });
  });
  const [told] = (await once(child, "message")) as [Told[]];
  return { child, told: told.toSorted((one, other) => one.id - other.id) };
}

async function denialsAt(url: string | undefined): Promise<number> {
  const text = await (await fetch(url ?? "")).text();
  return Number(/^pyisolate_denials_total\{[^}]*\} (\d+)$/m.exec(text)?.[1]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const EMBEDDED = { metrics: "prometheus", logs: "none" } as const;

test("of the workers of a cluster that want one port for /metrics one has it, and the others refuse and say what to do", async () => {
  const { told } = await runCluster({ ...EMBEDDED, port: await freePort() });
  const served = told.filter(({ url }) => url !== undefined);
  const refused = told.filter(({ url }) => url === undefined);
  expect(served).toHaveLength(1);
  expect(refused).toHaveLength(2);
  for (const { name, code, message } of refused) {
    expect([name, code]).toEqual(["TelemetryStartError", "port_taken"]);
    expect(message).toMatch(/Each worker of a cluster needs a port of its own.*metrics: "otlp"/);
  }
  // Not one worker's counts by chance.
  for (let scrape = 0; scrape < 6; scrape++) {
    expect(await denialsAt(served[0]?.url)).toBe(served[0]?.id);
  }
});

test("with port 0 each worker of a cluster has a port of its own, and the sum of their pages is that of all", async () => {
  const { told } = await runCluster({ ...EMBEDDED, port: 0 });
  expect(new Set(told.map(({ url }) => url)).size).toBe(3);
  expect(await Promise.all(told.map(async ({ url }) => await denialsAt(url)))).toEqual([1, 2, 3]);
});

test("by OTLP each worker of a cluster is an instance of its own, and no count hides another's", async () => {
  await using receiver = await otlpReceiver();
  await runCluster({ endpoint: receiver.url, serviceName: "uploads" });
  const points = receiver.metrics
    .flatMap(({ resourceMetrics }) => resourceMetrics)
    .map(({ resource, scopeMetrics }) => {
      const instance = resource.attributes.find(({ key }) => key === "service.instance.id");
      const denials = scopeMetrics
        .flatMap(({ metrics }) => metrics)
        .find(({ name }) => name === "pyisolate.denials");
      return [String(instance?.value["stringValue"]), denials?.sum?.dataPoints[0]?.asInt] as const;
    });
  // The last count of each instance.
  const counts = [...new Map(points).values()].map(Number);
  expect(counts.toSorted((one, other) => one - other)).toEqual([1, 2, 3]);
  expect(receiver.records()).toHaveLength(6);
}, 20_000);
