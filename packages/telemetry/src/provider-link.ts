import { worstState, type Failure, type Health } from "./health.ts";
import type { LossReason } from "./semconv.ts";

/** What became of records after a logger had taken them, as far as it is known. */
export interface ExporterState {
  /** Records known to have arrived. */
  readonly exported: number;
  /** Records known to be lost, by reason. */
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
  /** Why records were lost the last time; undefined if none were. */
  readonly lastLoss: string | undefined;
  /** Set while they cannot be delivered. */
  readonly failing: Failure | undefined;
  /** Set while they cannot wait on disk. They may still be delivered. */
  readonly spoolFailing: Failure | undefined;
  /** Nothing is exported, as the service's own options say: no reason to call that blind. */
  readonly off: boolean;
}

/** What exports for a provider, and settles the receipts of its records. */
export interface ProviderExporter {
  readonly state: ExporterState;
  /** How many records it takes now without losing one. Without it there is no bound. */
  readonly free?: number;
  /** Resolves when it has so little left to send that more may come. Without it there is always room. */
  room?(): Promise<void>;
  /** What writes records to disk at once, where that is wanted. */
  readonly disk?: SyncDisk | undefined;
}

/** Writes records to disk before their emitter goes on. */
export interface SyncDisk {
  /** Whether a write is worth trying now. */
  readonly takes: boolean;
  /** Writes everything that was emitted so far. What cannot be written waits in memory. Must not throw. */
  write(): void;
}

/** What a recorder's gauges show. */
export type Reading = Pick<Health, "pending" | "state">;

/** A recorder, as a flush of the SDK and `/healthz` see it. */
export interface LinkedRecorder {
  /** Has every denial make its record. */
  flush(): Promise<void>;
  /** Has every closed cell make its record. @returns whether there was one. */
  flushClosedCells(): Promise<boolean>;
  /** Has everything make its record before it returns: for the end of a process. Never throws. */
  emitNow(): void;
  health(): Health;
  /** Denials that it was given so far. */
  denied(): number;
}

/** What this package knows of one provider. */
interface ProviderLink {
  exporter: ProviderExporter | undefined;
  /** Of the recorders that show their state through it. */
  readonly readings: Set<() => Reading>;
}

/** What all copies of this package in a process share. */
interface Shared {
  readonly links: WeakMap<object, ProviderLink>;
  /** Of every provider: a recorder may be given one that wraps the SDK's, and is to be flushed with the SDK all the same. */
  readonly recorders: Set<LinkedRecorder>;
  /** Exporters with a {@link SyncDisk}: while there is none, a recorder does not look for it with each denial. */
  syncDisks: number;
}

/**
 * Global, as the OpenTelemetry API's own state is: with two copies of this package (a bundle, a nested dependency, modules that a
 * test has reset) the recorder of one would not know what exports for the other's provider, and call lost records delivered. The
 * number is raised when what is shared changes.
 */
const SHARED = Symbol.for("@pyisolate/telemetry shared 2");

const all = shared();
const { links, recorders } = all;

function shared(): Shared {
  const globals = globalThis as { [SHARED]?: Shared };
  return (globals[SHARED] ??= {
    links: new WeakMap(),
    recorders: new Set(),
    syncDisks: 0,
  });
}

/** Makes known what exports for this provider. */
export function linkExporter(provider: object, exporter: ProviderExporter): void {
  linkOf(provider).exporter = exporter;
  if (exporter.disk !== undefined) all.syncDisks += 1;
}

/** Whether an exporter of this process writes records to disk before their emitter goes on. */
export function hasSyncDisk(): boolean {
  return all.syncDisks > 0;
}

/** What exports for this provider; undefined for one that `startTelemetry` has not made. */
export function exporterOf(provider: object | undefined): ProviderExporter | undefined {
  return provider === undefined ? undefined : links.get(provider)?.exporter;
}

/**
 * Adds a recorder to those whose state a provider's gauges show. A gauge has one value, that of the last callback: each
 * recorder observing its own would hide the others.
 *
 * @returns takes it away again.
 */
export function linkReading(provider: object, read: () => Reading): () => void {
  const { readings } = linkOf(provider);
  readings.add(read);
  return () => {
    readings.delete(read);
  };
}

/** All that is pending, and the worst state, of the recorders that show their state through this provider. */
export function readingOf(provider: object): Reading {
  const readings = [...(links.get(provider)?.readings ?? [])].map((read) => read());
  return {
    pending: readings.reduce((sum, { pending }) => sum + pending, 0),
    state: worstState(readings.map(({ state }) => state)),
  };
}

/** Makes a recorder known, so that the SDK can be flushed and ended without losing what it holds. @returns forgets it. */
export function linkRecorder(recorder: LinkedRecorder): () => void {
  recorders.add(recorder);
  return () => {
    recorders.delete(recorder);
  };
}

/** The recorders of this process that have not ended. */
export function linkedRecorders(): readonly LinkedRecorder[] {
  return [...recorders];
}

function linkOf(provider: object): ProviderLink {
  let link = links.get(provider);
  if (link === undefined) {
    link = { exporter: undefined, readings: new Set() };
    links.set(provider, link);
  }
  return link;
}
