import type { LossReason } from "./semconv.ts";

/** What became of records after a logger had taken them, as far as it is known. */
export interface DeliveryState {
  /** Records known to have arrived. */
  readonly exported: number;
  /** Records known to be lost, by reason. */
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
  /** Set while they do not get out. `since` is Unix milliseconds. */
  readonly failing: { readonly since: number; readonly why: string } | undefined;
  /** Nothing is exported, as the service's own options say: no reason to call that blind. */
  readonly off: boolean;
}

/** What exports for a provider, and settles the receipts of its records. */
export interface ProviderExporter {
  readonly state: DeliveryState;
  /** Resolves when it has so little left to send that more may come. Without it there is always room. */
  room?(): Promise<void>;
}

const exporters = new WeakMap<object, ProviderExporter>();

/** Makes known what exports for this provider. */
export function linkExporter(provider: object, exporter: ProviderExporter): void {
  exporters.set(provider, exporter);
}

/** What exports for this provider; undefined for one that `startTelemetry` has not made. */
export function exporterOf(provider: object | undefined): ProviderExporter | undefined {
  return provider === undefined ? undefined : exporters.get(provider);
}
