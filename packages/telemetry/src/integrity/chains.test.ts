import { ROOT_CONTEXT } from "@opentelemetry/api";
import { LoggerProvider, type ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { expect, test } from "vitest";

import { denialLogRecord } from "../records/denial-record.ts";
import { cellClosedLogRecord } from "../records/lifecycle-records.ts";
import { SCOPE } from "../instrumentation-scope.ts";
import { aDenial } from "../testing/denials.ts";
import { canonicalText, recordHash, type OtlpRecord } from "./canonical.ts";
import { CellChains, NO_HASH, otlpRecordOf } from "./cell-chains.ts";
import { ChainCheck } from "./chain-check.ts";

const C = "pyisolate.integrity";

function chained(max?: number, limits?: { attributeValueLengthLimit: number }) {
  const chains = new CellChains(max);
  const records: ReadableLogRecord[] = [];
  const provider = new LoggerProvider({
    ...(limits && { logRecordLimits: limits }),
    processors: [
      {
        onEmit: (record) => {
          chains.link(record);
          records.push(record);
        },
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  const logger = provider.getLogger(SCOPE.name);
  return {
    records,
    provider,
    deny: (cell: string) => {
      logger.emit(denialLogRecord(aDenial({ cell }), ROOT_CONTEXT));
    },
    end: (cell: string) => {
      const totals = { cell, denials: 1, allowed: 0, cause: "closed" } as const;
      logger.emit(cellClosedLogRecord(totals, undefined, 0, ROOT_CONTEXT));
    },
    links: () =>
      records.map(({ attributes: a }) => ({
        chain: a[`${C}.chain`],
        position: a[`${C}.position`],
        previous: a[`${C}.previous`],
        hash: a[`${C}.hash`],
      })),
    check: () => {
      const check = new ChainCheck<number>();
      for (const [place, record] of records.entries()) check.add(otlpRecordOf(record), place);
      return check.result();
    },
  };
}

test("each record names the one before it, and the cell's end is the last one", () => {
  const { deny, end, links, check } = chained();
  deny("a");
  deny("a");
  end("a");
  deny("a");
  const [one, two, last, next] = links();
  expect(one).toMatchObject({ position: 1, previous: NO_HASH });
  expect(two).toEqual({ ...two, chain: one?.chain, position: 2, previous: one?.hash });
  expect(last).toEqual({ ...last, chain: one?.chain, position: 3, previous: two?.hash });
  // The name lives again, and begins anew.
  expect(next).toMatchObject({ position: 1, previous: NO_HASH });
  expect(next?.chain).not.toBe(one?.chain);
  expect(check()).toMatchObject({ records: 4, chains: 2, open: 1, found: 0 });
});

test("cells past the bound share a chain, which none of their ends closes", () => {
  const { deny, end, links, check } = chained(1);
  for (const cell of ["a", "b", "c"]) deny(cell);
  end("b");
  deny("c");
  end("c");
  const shared = new Set(
    links()
      .slice(1)
      .map(({ chain }) => chain),
  );
  expect(shared.size).toBe(1);
  expect(
    links()
      .slice(1)
      .map(({ position }) => position),
  ).toEqual([1, 2, 3, 4, 5]);
  expect(check()).toMatchObject({ chains: 2, open: 2, found: 0 });
});

test("a hash is whole where the SDK is to shorten values, and of what it has left", () => {
  const { deny, links, check } = chained(undefined, { attributeValueLengthLimit: 10 });
  deny("tenant-with-a-long-name");
  deny("tenant-with-a-long-name");
  expect(links()[1]?.previous).toMatch(/^[0-9a-f]{64}$/);
  expect(check()).toMatchObject({ records: 2, chains: 1, found: 0 });
});

test("records of other instrumentation, and of no cell, are left as they are", () => {
  const { provider, records } = chained();
  provider.getLogger("other").emit({
    eventName: "pyisolate.denial",
    attributes: { "pyisolate.cell": "a" },
  });
  provider.getLogger(SCOPE.name).emit({ eventName: "pyisolate.policy.loaded" });
  expect(records.map(({ attributes }) => Object.keys(attributes))).toEqual([
    ["pyisolate.cell"],
    [],
  ]);
});

test("a record that was rewritten with a hash of its own is found at the one after it", () => {
  const { deny, records } = chained();
  for (let number = 0; number < 3; number++) deny("a");
  const exported = records.map((record) => otlpRecordOf(record) as OtlpRecord);
  const forged = structuredClone(exported[1]) as OtlpRecord & { body: { stringValue: string } };
  forged.body.stringValue = "denied nothing";
  const hash = forged.attributes?.find(({ key }) => key === `${C}.hash`)?.value as {
    stringValue: string;
  };
  hash.stringValue = recordHash(forged);
  const check = new ChainCheck<number>();
  for (const [place, record] of exported.with(1, forged).entries()) check.add(record, place);
  expect(check.result().findings).toMatchObject([{ kind: "altered", place: 2 }]);
});

test("the canonical text is this, so that others can check it", () => {
  const record: OtlpRecord = {
    timeUnixNano: "1700000000000000000",
    observedTimeUnixNano: 1,
    severityNumber: 13,
    eventName: "pyisolate.denial",
    body: { stringValue: "denied" },
    attributes: [
      { key: "b", value: { arrayValue: { values: [{ stringValue: "x" }] } } },
      { key: "a", value: { intValue: "5" } },
      { key: "event_name", value: { stringValue: "pyisolate.denial" } },
      { key: `${C}.hash`, value: { stringValue: "not of it" } },
    ],
  };
  expect(canonicalText(record)).toMatchInlineSnapshot(
    `"["record 1","pyisolate.denial","1700000000000000000","1","13","",["string","denied"],[["a",["int","5"]],["b",["list",[["string","x"]]]]],"0","0","",""]"`,
  );
});

test.each([
  [
    {
      eventName: "pyisolate.denial",
      attributes: [{ key: `${C}.chain`, value: { stringValue: "c" } }],
    },
  ],
  [
    {
      eventName: "pyisolate.denial",
      timeUnixNano: "soon",
      attributes: [
        { key: `${C}.chain`, value: { stringValue: "c" } },
        { key: `${C}.position`, value: { intValue: "1" } },
      ],
    },
  ],
])("a record of a chain that the service never made, %j, is altered", (record) => {
  const check = new ChainCheck<number>();
  check.add(record, 0);
  expect(new Set(check.result().findings.map(({ kind }) => kind))).toEqual(new Set(["altered"]));
});
