import { ROOT_CONTEXT } from "@opentelemetry/api";
import { expect, test } from "vitest";

import { cellClosedLogRecord } from "./lifecycle-records.ts";

test("a cell's end", () => {
  const { context: _, ...record } = cellClosedLogRecord(
    { cell: "tenant-a", denials: 10, allowed: 5, cause: "limit" },
    { denied: 10, emitted: 3, coalesced: 4, dropped: { ring_full: 2, emit_failed: 1 }, pending: 0 },
    1000,
    ROOT_CONTEXT,
  );
  expect(record).toMatchInlineSnapshot(`
    {
      "attributes": {
        "pyisolate.cell": "tenant-a",
        "pyisolate.closed.allowed": 5,
        "pyisolate.closed.cause": "limit",
        "pyisolate.closed.denials": 10,
        "pyisolate.dropped.emit_failed": 1,
        "pyisolate.dropped.ring_full": 2,
        "pyisolate.ledger.coalesced": 4,
        "pyisolate.ledger.denied": 10,
        "pyisolate.ledger.dropped": 3,
        "pyisolate.ledger.emitted": 3,
        "pyisolate.ledger.pending": 0,
      },
      "body": "cell tenant-a ended (limit): 10 denied, 5 allowed",
      "eventName": "pyisolate.cell.closed",
      "severityNumber": 9,
      "timestamp": [
        1,
        0,
      ],
    }
  `);
});
