/** A file's worth of requests to be sent. */
export interface Shipment {
  /** Each an OTLP request in JSON. */
  readonly requests: readonly Buffer[];
  /** Of these, records that this process was given: a former one has accounted for its own. */
  readonly own: number;
  /** Everything in it has arrived, or been refused. */
  done(): void;
}
