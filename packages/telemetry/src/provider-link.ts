import type { DeliveryReceipt } from "./ledger/delivery-receipt.ts";
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

/** Whoever knows what becomes of records after a logger has taken them. */
export interface ProviderExporter {
  readonly state: DeliveryState;
  /**
   * Calls `emit`: the record that reaches the exporter meanwhile is the receipt's, and its owner will be told.
   *
   * @returns whether one did.
   * @throws whatever `emit` throws, unless one did.
   */
  track(receipt: DeliveryReceipt, emit: () => void): boolean;
  /** Resolves when it has so little left to send that more may come. */
  room(): Promise<void>;
}

const exporters = new WeakMap<object, ProviderExporter>();

/** Makes known who watches what this provider exports. */
export function linkExporter(provider: object, exporter: ProviderExporter): void {
  exporters.set(provider, exporter);
}

/** Who watches what this provider exports: nobody, where `startTelemetry` has not made it. */
export function exporterOf(provider: object | undefined): ProviderExporter | undefined {
  return provider === undefined ? undefined : exporters.get(provider);
}
