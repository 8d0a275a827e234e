import { randomUUID } from "node:crypto";

import type { HrTime } from "@opentelemetry/api";

import { SCOPE } from "../instrumentation-scope.ts";
import { ATTRIBUTES as A, EVENTS, OTHER } from "../semconv.ts";
import { recordHash, type OtlpValue } from "./canonical.ts";

/** The previous hash of a chain's first record. */
export const NO_HASH = "0".repeat(64);

/** Begins the id of a chain that several cells share. It does not end with the end of any of them. */
export const SHARED = `${OTHER}:`;

/** Most chains at a time. Cells past it share one chain, because a service may name cells without end. */
const MAX_CHAINS = 16_384;

/** The records of a cell that are chained: each denial, and last the cell's end. */
const CHAINED: ReadonlySet<unknown> = new Set([EVENTS.denial.name, EVENTS.cellClosed.name]);

/** The part of an SDK's log record that is read and written. */
export interface ChainableRecord {
  readonly hrTime: HrTime;
  readonly hrTimeObserved: HrTime;
  readonly severityNumber?: number | undefined;
  readonly severityText?: string | undefined;
  readonly eventName?: string | undefined;
  readonly body?: unknown;
  readonly attributes: object;
  readonly droppedAttributesCount: number;
  readonly spanContext?:
    | { readonly traceId: string; readonly spanId: string; readonly traceFlags: number }
    | undefined;
  readonly instrumentationScope: { readonly name: string };
}

interface Chain {
  readonly id: string;
  head: string;
  records: number;
}

/** Chains the records of each cell by hash, from its first denial to its end. */
export class CellChains {
  readonly #max: number;
  readonly #chains = new Map<string, Chain>();
  readonly #shared = newChain(SHARED);

  constructor(max = MAX_CHAINS) {
    this.#max = max;
  }

  /** Adds the next link to a cell's record; any other is left as it is. Never throws: then the record has no link. */
  link(record: ChainableRecord): void {
    if (record.instrumentationScope.name !== SCOPE.name || !CHAINED.has(record.eventName)) return;
    const attributes = record.attributes as Record<string, unknown>;
    const cell = attributes[A.cell.name];
    if (typeof cell !== "string") return;
    try {
      const chain = this.#chainOf(cell);
      // Set here and not by the SDK, which would shorten a hash to what OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT says.
      attributes[A.integrityChain.name] = chain.id;
      attributes[A.integrityPosition.name] = chain.records + 1;
      attributes[A.integrityPrevious.name] = chain.head;
      const head = recordHash(otlpRecordOf(record));
      attributes[A.integrityHash.name] = head;
      chain.head = head;
      chain.records += 1;
      if (record.eventName === EVENTS.cellClosed.name) this.#chains.delete(cell);
    } catch {
      // A value that OTLP has no form for. The exporter refuses the record and says so.
    }
  }

  #chainOf(cell: string): Chain {
    const known = this.#chains.get(cell);
    if (known !== undefined) return known;
    if (this.#chains.size >= this.#max) return this.#shared;
    const chain = newChain("");
    this.#chains.set(cell, chain);
    return chain;
  }
}

function newChain(begin: string): Chain {
  return { id: `${begin}${randomUUID()}`, head: NO_HASH, records: 0 };
}

/** The record as OTLP's JSON will have it. */
export function otlpRecordOf(record: ChainableRecord) {
  const { spanContext } = record;
  return {
    timeUnixNano: nanoseconds(record.hrTime),
    observedTimeUnixNano: nanoseconds(record.hrTimeObserved),
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    eventName: record.eventName,
    body: otlpValueOf(record.body),
    attributes: attributesOf(record.attributes),
    droppedAttributesCount: record.droppedAttributesCount,
    flags: spanContext?.traceFlags,
    traceId: spanContext?.traceId,
    spanId: spanContext?.spanId,
  };
}

function attributesOf(attributes: object) {
  return Object.entries(attributes).map(([key, value]: [string, unknown]) => ({
    key,
    value: otlpValueOf(value),
  }));
}

/** Kinds as the SDK's serializer tells them apart. */
function otlpValueOf(value: unknown): OtlpValue {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") {
    return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
  }
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(otlpValueOf) } };
  if (typeof value === "object" && value !== null) {
    return { kvlistValue: { values: attributesOf(value) } };
  }
  return {};
}

function nanoseconds([seconds, nanos]: HrTime): string {
  return (BigInt(seconds) * 1_000_000_000n + BigInt(nanos)).toString();
}
