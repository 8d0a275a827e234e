import { join } from "node:path";

import { BUILD_TIMEOUT_MS, readLogFile, serversForTest, startCollector } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { account } from "./account.ts";
import { floodAndKill } from "./flood-and-kill.ts";
import { temporaryFolder } from "./folder.ts";
import { startService } from "./service.ts";

test(
  "a service killed in mid-flood has lost nothing that it had said to be on disk",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    const { otelcol: binary } = await serversForTest(context);
    const directory = await temporaryFolder();
    const spool = join(directory, "spool");
    // No Collector listens: all of it has to wait. Twice, so that the second one finds the first one's.
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
