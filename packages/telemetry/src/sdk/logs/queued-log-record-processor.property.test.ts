import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { SeverityNumber } from "@opentelemetry/api";
import { LoggerProvider } from "@opentelemetry/sdk-logs";
import fc from "fast-check";
import { expect, test } from "vitest";

import {
  DeliveryReceipt,
  type DeliveryOutcome,
  type ReceiptOwner,
} from "../../ledger/delivery-receipt.ts";
import { attributesOf, otlpReceiver } from "../../testing/otlp-receiver.ts";
import { sumOf } from "../../testing/sdk-double.ts";
import { ExporterStatus } from "../delivery/exporter-status.ts";
import { HttpTransport } from "../otlp/http-transport.ts";
import { RetryingTransport } from "../otlp/retrying-transport.ts";
import { DeadLetters } from "../spool/dead-letters.ts";
import { Spool } from "../spool/spool.ts";
import { LogExporter } from "./log-exporter.ts";
import { RefusedRecords } from "./refused-records.ts";
import { QueuedLogRecordProcessor } from "./queued-log-record-processor.ts";

type Step =
  | { readonly do: "emit"; readonly count: number }
  | {
      readonly do: "answer";
      readonly status: number | "culprits" | "filtered" | "large" | "partly";
    }
  | { readonly do: "wait" | "turn" | "sync" | "exit" | "loseFolder" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("emit" as const),
      count: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      status: fc.constantFrom<(Step & { do: "answer" })["status"]>(
        200,
        200,
        503,
        400,
        413,
        500,
        520,
        302,
        "culprits",
        "filtered",
        "large",
        "partly",
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("wait" as const, "turn" as const, "sync" as const, "exit" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("loseFolder" as const) }) },
);

/** An owner of receipts, and how many records were settled with each outcome. */
function anOwner() {
  const told = new Map<DeliveryOutcome, number>();
  const owner: ReceiptOwner = {
    settle: (outcome, records) => {
      told.set(outcome, (told.get(outcome) ?? 0) + records);
    },
  };
  return { owner, told, all: () => sumOf(told.values()) };
}

test("for any answers of the server and losses on disk, each record waits or has one outcome, and what has arrived is there", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("in memory" as const, "spooled" as const, "synced" as const),
      fc.array(step, { maxLength: 25, size: "large" }),
      fc.constantFrom("shutdown" as const, "beforeExit" as const),
      async (where, steps, end) => {
        const spooled = where !== "in memory";
        const folder = await mkdtemp(join(tmpdir(), "pyisolate-processor-"));
        let answer: (Step & { do: "answer" })["status"] = 200;
        const imbalances: number[] = [];
        /** Requests of which the server has refused one record: it does not say which. */
        let partlyTaken = 0;
        let isProbe = false;
        let emitted = 0;
        const residual = () => emitted - all() - processor.waiting;
        // Asked at each request too: between two of them is where something is neither here nor there.
        await using receiver = await otlpReceiver(
          (body) => {
            if (residual() !== 0) imbalances.push(residual());
            isProbe = body.includes("pyisolate.telemetry.probe");
            if (answer === "large") return body.length > 1000 ? 413 : 200;
            if (answer === "filtered") return /"intValue":\d*7\}/.test(body) ? 403 : 200;
            if (answer === "culprits") return /"intValue":\d*3\}/.test(body) ? 400 : 200;
            return answer === "partly" ? 200 : answer;
          },
          () => {
            // A probe holds no record of which one could be refused.
            if (answer !== "partly" || isProbe) return "{}";
            partlyTaken += 1;
            return '{"partialSuccess":{"rejectedLogRecords":"1"}}';
          },
        );
        const status = new ExporterStatus();
        const transport = new RetryingTransport(
          new HttpTransport(`${receiver.url}/v1/logs`, "LOGS", "v1/logs"),
          status,
        );
        const directory = join(folder, "spool");
        const spool = spooled
          ? new Spool({ directory, maxBytes: 20_000, sync: where === "synced" }, status, () => {})
          : undefined;
        const letters = spooled ? new DeadLetters(directory, 4_000_000) : undefined;
        const limits = { queueSize: 50, batchSize: 10, batchDelay: 1 };
        const processor = new QueuedLogRecordProcessor(
          new LogExporter(transport, status, new RefusedRecords(letters, () => {})),
          status,
          limits,
          spool,
        );
        const logger = new LoggerProvider({ processors: [processor] }).getLogger("test");
        const { owner, told, all } = anOwner();
        try {
          for (const now of steps) {
            switch (now.do) {
              case "emit":
                for (let n = 0; n < now.count; n++) {
                  logger.emit({
                    severityNumber: SeverityNumber.WARN,
                    attributes: { n: emitted },
                    context: new DeliveryReceipt(owner, 1).in(),
                  });
                  emitted += 1;
                }
                break;
              case "answer":
                answer = now.status;
                break;
              case "wait":
                await sleep(10);
                break;
              case "turn":
                await sleep(0);
                break;
              case "sync":
                processor.disk?.write();
                break;
              case "exit":
                // What is done where no turn comes any more: the write is over when it returns.
                void processor.forceFlush().catch(() => {});
                if (processor.onDisk > processor.waiting) imbalances.push(processor.onDisk);
                break;
              case "loseFolder":
                // At once: the processor may write a dead letter into a folder that is being emptied.
                rmSync(directory, { recursive: true, force: true });
                break;
              default:
                throw new Error("no such step");
            }
            expect(residual()).toBe(0);
            // What the next step emits is another write.
            await Promise.resolve();
          }
          answer = 200;
          await processor.delivered();
          if (end === "shutdown") await processor.shutdown();
          expect(residual()).toBe(0);
          expect(imbalances).toEqual([]);
          // The server took everything at the end, so nothing was given up.
          expect(processor.waiting).toBe(0);
          const seen = receiver
            .records()
            .filter(({ eventName }) => eventName !== "pyisolate.telemetry.probe")
            .map(({ attributes }) => Number(attributesOf(attributes)["n"]));
          expect(new Set(seen).size).toBe((told.get("arrived") ?? 0) + partlyTaken);
        } finally {
          await processor.shutdown();
          await rm(folder, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);
