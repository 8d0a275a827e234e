import type { Context } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import type { EventSeries } from "../metrics/event-series.ts";
import type { ReservoirSample } from "./reservoir-sample.ts";

/** Similar denials of one cell, which become one log record: the first denial's, with the count. */
export interface Burst<Cell> {
  readonly kind: "burst";
  readonly cell: Cell;
  readonly series: EventSeries;
  readonly first: DenialEvent;
  readonly context: Context;
  last: DenialEvent;
  count: number;
  readonly sample: ReservoirSample;
  /** The number of the next event that the sample keeps. */
  next: number;
}
