import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";

import type { LossReason } from "../semconv.ts";
import type { RetryingTransport, Delivery } from "./otlp/retrying-transport.ts";
import { Manifest } from "./manifest.ts";
import { mergedRequest } from "./otlp-lines.ts";
import type { Shipment } from "./shipment.ts";

/** Who accounts for records once a logger has taken them. */
export interface DispatchWatch {
  exported(manifest: Manifest): void;
  lost(manifest: Manifest, reason: LossReason): void;
}

/** Sends records, and tells what became of each. Nothing on it rejects. */
export class Dispatch {
  readonly #transport: RetryingTransport;
  readonly #watch: DispatchWatch;

  constructor(transport: RetryingTransport, watch: DispatchWatch) {
    this.#transport = transport;
    this.#watch = watch;
  }

  /** Records that are in memory only: given up, they are lost. */
  async send(records: ReadableLogRecord[], manifest: Manifest): Promise<void> {
    let request: Uint8Array;
    try {
      request = requestOf(records);
    } catch {
      this.#watch.lost(manifest, "export_failed");
      return;
    }
    this.#settle(manifest, await this.#transport.deliver(request));
  }

  /** Requests that are on disk: given up, they stay there. */
  async ship(shipment: Shipment): Promise<void> {
    const delivery = await this.#transport.deliver(mergedRequest(shipment.requests));
    if (delivery.kind === "given_up") return;
    if (delivery.kind === "refused" && shipment.requests.length > 1) {
      await this.#shipSingly(shipment);
    } else {
      const all = new Manifest();
      for (const manifest of shipment.manifests) all.append(manifest);
      this.#settle(all, delivery);
      shipment.done();
    }
  }

  /** One request spoils all that go with it; apart from it they may be taken. */
  async #shipSingly(shipment: Shipment): Promise<void> {
    for (const [index, request] of shipment.requests.entries()) {
      const delivery = await this.#transport.deliver(request);
      if (delivery.kind === "given_up") return;
      const manifest = shipment.manifests[index];
      if (manifest === undefined) continue;
      // Off it: should the rest have to be sent again, these go with it, and are settled.
      const part = manifest.takeLast(manifest.records);
      shipment.settled(part.records);
      this.#settle(part, delivery);
    }
    shipment.done();
  }

  /** Gives up what is under way, and takes no more. */
  close(): void {
    this.#transport.close();
  }

  #settle(manifest: Manifest, delivery: Delivery): void {
    switch (delivery.kind) {
      case "accepted": {
        const rejected = manifest.takeLast(rejectedIn(delivery.body));
        this.#watch.exported(manifest);
        this.#watch.lost(rejected, "refused");
        return;
      }
      case "refused":
        this.#watch.lost(manifest, "refused");
        return;
      case "given_up":
        this.#watch.lost(manifest, "shutdown");
    }
  }
}

/** @throws where they have no OTLP form. */
export function requestOf(records: ReadableLogRecord[]): Uint8Array {
  const request = JsonLogsSerializer.serializeRequest(records);
  if (request === undefined) throw new TypeError("these records have no OTLP form");
  return request;
}

/** Records that the far end says it has refused out of a request that it took. */
function rejectedIn(answer: Buffer): number {
  if (answer.length <= 2) return 0;
  try {
    const { partialSuccess } = JsonLogsSerializer.deserializeResponse(answer);
    const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
    return rejected > 0 ? rejected : 0;
  } catch {
    return 0;
  }
}
