import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import {
  BUILD_TIMEOUT_MS,
  readLogFile,
  serversForTest,
  startCollector,
  type Collector,
} from "@pyisolate/stack";
import { expect, test } from "vitest";

import { account } from "./account.ts";
import { temporaryFolder } from "./folder.ts";
import { startService } from "./service.ts";

test.for([
  ["in memory", false],
  ["in a spool", true],
] as const)(
  "a Collector killed at random moments, and twice in a row while it recovers: %s, nothing is lost",
  { timeout: BUILD_TIMEOUT_MS },
  async ([where, spooled], context) => {
    const { otelcol: binary } = await serversForTest(context);
    const directory = await temporaryFolder();
    const stateDir = join(directory, "state");
    let collector = await startCollector({ binary, stateDir });
    const { otlpEndpoint: endpoint, ports, logFile } = collector;
    const restart = async (): Promise<Collector> => {
      collector = await startCollector({ binary, stateDir, ports });
      return collector;
    };
    const service = startService({
      endpoint,
      shutdownTimeoutMillis: 20_000,
      ...(spooled ? { spool: join(directory, "spool") } : {}),
    });
    const denying = service.denyFor(5000, 10);
    for (let kill = 0; kill < 2; kill++) {
      await sleep(Math.random() * 800);
      await collector.kill();
      await sleep(300);
      await restart();
    }
    await sleep(Math.random() * 300);
    await collector.kill();
    await restart();
    await sleep(Math.random() * 100);
    await collector.kill();
    await denying;
    await restart();
    const { lost, waiting } = await service.end();
    await collector.stop();
    const { logs } = await readLogFile(logFile);
    expect(account(`collector killed, ${where}`, service.denied, logs, lost)).toMatchObject({
      lost: {},
      residual: 0,
    });
    expect(waiting).toBe(0);
  },
);
