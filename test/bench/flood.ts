import { flood } from "../flood/flood.ts";
import { type Figure, printMedians } from "./report.ts";

/** A million denials of one cell as fast as it can, beside nine others: what they cost the host. */
export async function millionDenials(): Promise<Figure[]> {
  const { growthMiB, delayP99Millis, seconds, records, ledger } = await flood();
  printMedians(
    "A million denials of one cell, 900 of nine others",
    new Map([
      ["time, s", seconds],
      ["records sent", records.length],
      [
        "denials without account",
        ledger.denied - ledger.emitted - ledger.coalesced - ledger.pending,
      ],
    ]),
    "once",
  );
  return [
    { what: "flood: resident memory grows by", value: growthMiB, unit: "MiB", target: 32 },
    { what: "flood: event loop delay p99", value: delayP99Millis, unit: "ms", target: 20 },
  ];
}
