import { expect, test } from "vitest";

import { account } from "./account.ts";
import { failingServer, type Fault } from "./failing-server.ts";
import { temporaryFolder } from "./folder.ts";
import { startService } from "./service.ts";

/** Longer than the SDK's own retries would last, milliseconds. */
const OUTAGE = 14_000;

function answering(status: number): Fault {
  return (response) => response.writeHead(status).end();
}

/** What a backend does, and why records are lost by it. */
const FAULTS: Readonly<Record<string, readonly [fault: Fault, reason?: "refused"]>> = {
  "answers 503": [answering(503)],
  "answers 429": [answering(429)],
  "answers 500": [answering(500)],
  "answers 520": [answering(520)],
  "answers 400": [answering(400), "refused"],
  hangs: [() => {}],
  "hangs up": [(response) => response.destroy()],
};

test.concurrent.for(["in memory", "in a spool"])(
  "whatever a backend does, records waiting %s: each denial is delivered, or lost by its reason",
  { timeout: 60_000 },
  async (where) => {
    const results = Object.entries(FAULTS).map(async ([name, [fault, reason]]) => {
      await using backend = await failingServer(fault);
      const service = startService({
        endpoint: backend.endpoint,
        shutdownTimeoutMillis: 20_000,
        ...(where === "in memory" ? {} : { spool: await temporaryFolder() }),
      });
      await service.denyFor(OUTAGE, 5);
      backend.recover();
      const { lost, waiting } = await service.end();
      const title = `backend ${name}, ${where}`;
      const { residual } = account(title, service.denied, backend.logs, lost);
      expect({ title, residual, waiting, reasons: Object.keys(lost) }).toEqual({
        title,
        residual: 0,
        waiting: 0,
        reasons: reason === undefined ? [] : [reason],
      });
    });
    await Promise.all(results);
  },
);
