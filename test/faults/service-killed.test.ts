import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { BUILD_TIMEOUT_MS, readLogFile, serversForTest, startCollector } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { account } from "./account.ts";
import { temporaryFolder } from "./folder.ts";
import { startService } from "./service.ts";

const PROGRAM = join(import.meta.dirname, "flooded-service.ts");

/** Lets a service deny until it has said so many times how much is on disk, then kills it. */
async function floodAndKill(endpoint: string, spool: string, turns: number) {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify({ endpoint, spool })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let said = "0 0";
  let lines = 0;
  for await (const line of createInterface(child.stdout)) {
    said = line;
    lines += 1;
    if (lines === turns) child.kill("SIGKILL");
  }
  await exited;
  const [denied = 0, onDisk = 0] = said.split(" ").map(Number);
  return { denied, onDisk };
}

test(
  "a service killed in mid-flood has lost nothing that it had said to be on disk",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const { otelcol: binary } = await serversForTest(context);
    const directory = await temporaryFolder();
    const spool = join(directory, "spool");
    // Nobody listens: all of it has to wait. Twice, so that the second one finds the first one's.
    const first = await floodAndKill("http://127.0.0.1:1", spool, 50);
    const second = await floodAndKill("http://127.0.0.1:1", spool, 50);
    for (const { denied, onDisk } of [first, second]) expect(onDisk).toBe(denied);

    await using collector = await startCollector({ binary, stateDir: join(directory, "state") });
    const service = startService({ endpoint: collector.otlpEndpoint, spool });
    await service.otel.flush();
    await service.end();
    const { logs } = await readLogFile(collector.logFile);
    const { delivered, duplicates } = account("service killed", first.denied + second.denied, logs);
    expect(duplicates).toBe(0);
    // What it denied after its last word may be there too.
    expect(delivered).toBeGreaterThanOrEqual(first.denied + second.denied);
  },
);
