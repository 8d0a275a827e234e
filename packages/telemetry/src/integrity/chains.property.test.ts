import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import { LoggerProvider, type ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { context, ROOT_CONTEXT, trace, type LogRecord } from "@opentelemetry/api";
import fc from "fast-check";
import { expect, test } from "vitest";

import { denialLogRecord } from "../records/denial-record.ts";
import { cellClosedLogRecord } from "../records/lifecycle-records.ts";
import { SCOPE } from "../instrumentation-scope.ts";
import { aDenial } from "../testing/denials.ts";
import type { OtlpLogs } from "../testing/otlp-receiver.ts";
import { canonicalText, type OtlpRecord } from "./canonical.ts";
import { CellChains, otlpRecordOf } from "./cell-chains.ts";
import { ChainCheck } from "./chain-check.ts";

/** A logger whose records are chained, and the records as they leave the process. */
function chainedLogger(chains = new CellChains()) {
  const emitted: ReadableLogRecord[] = [];
  const provider = new LoggerProvider({
    processors: [
      {
        onEmit: (record) => {
          chains.link(record);
          emitted.push(record);
        },
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  const logger = provider.getLogger(SCOPE.name, SCOPE.version);
  return {
    emit: (record: LogRecord) => {
      logger.emit(record);
    },
    emitted,
    exported: () => exported(emitted),
  };
}

/** As the SDK's exporter writes them. */
function exported(records: ReadableLogRecord[]): OtlpRecord[] {
  const request = Buffer.from(JsonLogsSerializer.serializeRequest(records) ?? []).toString();
  const { resourceLogs } = JSON.parse(request) as OtlpLogs;
  return resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) => logRecords as unknown as OtlpRecord[]),
  );
}

/** As a Collector's file exporter writes them: protobuf's JSON, with what otel-collector.yaml adds, and attributes in another order. */
function throughCollector(record: OtlpRecord): OtlpRecord {
  const inProtobuf = JSON.parse(
    JSON.stringify(record).replaceAll(/"intValue":(-?\d+)/g, '"intValue":"$1"'),
  ) as OtlpRecord;
  return {
    ...inProtobuf,
    traceId: record.traceId ?? "",
    spanId: record.spanId ?? "",
    attributes: [
      { key: "event_name", value: { stringValue: record.eventName } },
      ...(inProtobuf.attributes ?? []).toReversed(),
    ],
  };
}

function check(records: readonly OtlpRecord[], resent = false) {
  const chains = new ChainCheck<number>({ resent });
  for (const [place, record] of records.entries()) chains.add(record, place);
  return chains.result();
}

const SPAN = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: 1,
};

type Step = {
  readonly cell: number;
  readonly target: string;
  readonly kind: "one" | "burst" | "end";
};

const step: fc.Arbitrary<Step> = fc.record({
  cell: fc.nat(2),
  target: fc.string({ unit: "binary", maxLength: 20 }),
  kind: fc.constantFrom("one" as const, "one" as const, "burst" as const, "end" as const),
});

/** The records of a service in which these things happen. */
function recordsOf(steps: readonly Step[], { ended }: { readonly ended: boolean }): OtlpRecord[] {
  const logger = chainedLogger();
  for (const { cell, target, kind } of steps) {
    const event = aDenial({ cell: `c${cell}`, target });
    const traced = trace.setSpanContext(ROOT_CONTEXT, SPAN);
    if (kind === "end") logger.emit(endOf(`c${cell}`));
    else if (kind === "one") logger.emit(denialLogRecord(event, traced));
    else
      logger.emit(denialLogRecord(event, ROOT_CONTEXT, { count: 3, last: event, sample: [event] }));
  }
  if (ended) for (const cell of [0, 1, 2]) logger.emit(endOf(`c${cell}`));
  return logger.exported();
}

function endOf(cell: string): LogRecord {
  const totals = { cell, denials: 1, allowed: 2, cause: "closed" } as const;
  return cellClosedLogRecord(totals, undefined, Date.now(), context.active());
}

/** Every place in a record at which something can be changed: a path to a text, a number or a truth value, or to a whole attribute. */
function placesIn(value: unknown, path: readonly (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(value)) {
    return value.flatMap((each, index) => [[...path, index], ...placesIn(each, [...path, index])]);
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, each]) => placesIn(each, [...path, key]));
  }
  return [[...path]];
}

/** The record with the value at one place changed, or the attribute there removed. */
function changed(record: OtlpRecord, path: readonly (string | number)[]): OtlpRecord {
  const copy = structuredClone(record);
  let holder = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
  const key = path.at(-1) ?? "";
  const value = holder[key];
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (typeof value === "boolean") holder[key] = !value;
  else if (typeof value === "number") holder[key] = value + 1;
  else holder[key] = `${String(value)}1`;
  return copy;
}

/** How many times as many runs: for a long look. */
const LONGER = Number(process.env["PYISOLATE_LONGER"] ?? 1);

const steps = fc.array(step, { minLength: 1, maxLength: 12 });

test("an SDK's record has the same canonical text before it is exported, after it, and through a Collector", () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ maxLength: 8 }).filter((key) => key !== "__proto__"),
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.boolean(),
          fc.maxSafeInteger(),
          // Only numbers with a fraction: others are integers, which may be larger than an integer of OTLP.
          fc.double({ noNaN: true, noDefaultInfinity: true, noInteger: true }),
          fc.array(fc.string(), { maxLength: 3 }),
        ),
      ),
      fc.option(fc.string(), { nil: undefined }),
      fc.boolean(),
      (attributes, body, traced) => {
        const logger = chainedLogger();
        const context = traced ? trace.setSpanContext(ROOT_CONTEXT, SPAN) : ROOT_CONTEXT;
        logger.emit({ eventName: "e", attributes, context, ...(body !== undefined && { body }) });
        const [record] = logger.emitted;
        const [sent] = logger.exported();
        if (record === undefined || sent === undefined) throw new Error("not emitted");
        const text = canonicalText(otlpRecordOf(record));
        expect(canonicalText(sent)).toBe(text);
        expect(canonicalText(throughCollector(sent))).toBe(text);
      },
    ),
  );
});

test("whatever cells do, their chains are whole, and closed where the cell has ended", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const records = recordsOf(steps, { ended: true });
      const report = check(records.map(throughCollector));
      expect(report).toMatchObject({ records: records.length, open: 0, unchained: 0, found: 0 });
      const ends = records.filter(({ eventName }) => eventName === "pyisolate.cell.closed");
      expect(report.chains).toBe(ends.length);
    }),
    { numRuns: 30 * LONGER },
  );
});

test("any value of a chained record that is changed, and any attribute that is removed, is found at its place", () => {
  fc.assert(
    fc.property(steps, fc.nat(), fc.nat(), (steps, which, where) => {
      const records = recordsOf(steps, { ended: true }).map(throughCollector);
      const number = which % records.length;
      const record = records[number];
      if (record === undefined) throw new Error("unreachable");
      const places = placesIn(record).filter((path) => !isCopy(record, path));
      const path = places[where % places.length] ?? [];
      const report = check(records.with(number, changed(record, path)));
      const there = report.findings.filter(({ place }) => place === number);
      expect({ path, kinds: there.map(({ kind }) => kind) }).toEqual({
        path,
        kinds: expect.arrayContaining(["altered"]) as string[],
      });
    }),
    { numRuns: 150 * LONGER },
  );
});

/** The Collector's copy of the event's name says nothing of its own: removing it changes nothing, changing it does. */
function isCopy({ attributes }: OtlpRecord, path: readonly (string | number)[]): boolean {
  return path.length === 2 && attributes?.[Number(path[1])]?.key === "event_name";
}

test("a record that is removed is missing, unless nothing of its chain comes after it", () => {
  fc.assert(
    fc.property(steps, fc.nat(), (steps, which) => {
      const records = recordsOf(steps, { ended: false });
      const number = which % records.length;
      const chain = chainOf(records[number]);
      const isLast = !records.slice(number + 1).some((record) => chainOf(record) === chain);
      const { findings } = check(records.toSpliced(number, 1));
      const told = findings.map(({ kind, records, chain }) => ({ kind, records, chain }));
      expect(told).toEqual(isLast ? [] : [{ kind: "missing", records: 1, chain }]);
    }),
    { numRuns: 60 * LONGER },
  );
});

test("two records of a chain that change places are found, and others need no order", () => {
  fc.assert(
    fc.property(steps, fc.nat(), fc.nat(), (steps, one, other) => {
      const records = recordsOf(steps, { ended: true });
      const [a, b] = [one % records.length, other % records.length];
      const [first, second] = [records[a], records[b]];
      if (first === undefined || second === undefined) throw new Error("unreachable");
      const swapped = records.with(a, second).with(b, first);
      const kinds = new Set(check(swapped).findings.map(({ kind }) => kind));
      expect(kinds).toEqual(new Set(isOutOfOrder(swapped) ? ["reordered"] : []));
      expect(check(swapped, true).found).toBe(0);
    }),
    { numRuns: 60 * LONGER },
  );
});

test("a record that stands there twice is repeated, and does not count as altered", () => {
  fc.assert(
    fc.property(steps, fc.nat(), fc.nat(), (steps, which, where) => {
      const records = recordsOf(steps, { ended: true });
      const number = which % records.length;
      const record = records[number];
      if (record === undefined) throw new Error("unreachable");
      const at = number + 1 + (where % (records.length - number));
      const twice = records.toSpliced(at, 0, structuredClone(record));
      expect(check(twice)).toMatchObject({ found: 1, findings: [{ kind: "repeated", place: at }] });
      expect(check(twice, true).found).toBe(0);
    }),
    { numRuns: 40 * LONGER },
  );
});

function chainOf(record: OtlpRecord | undefined): unknown {
  return valueOf(record, "pyisolate.integrity.chain")?.stringValue;
}

function valueOf(record: OtlpRecord | undefined, name: string) {
  return record?.attributes?.find(({ key }) => key === name)?.value;
}

function isOutOfOrder(records: readonly OtlpRecord[]): boolean {
  const last = new Map<unknown, number>();
  return records.some((record) => {
    const position = Number(valueOf(record, "pyisolate.integrity.position")?.intValue);
    const before = last.get(chainOf(record)) ?? 0;
    last.set(chainOf(record), position);
    return position < before;
  });
}
