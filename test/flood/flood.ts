import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { promisify } from "node:util";

import type { FloodReport } from "./program.ts";

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** What became of a million denials, by the flooded process's report and by what the server received. */
export interface Flood extends FloodReport {
  /** The records that arrived, with their attributes. */
  readonly records: readonly { readonly event: string; readonly attributes: Attributes }[];
  /** The last value of each metric, summed over its series. */
  readonly sums: ReadonlyMap<string, number>;
}

/** Floods a recorder in a process of its own, through the real SDK, into a server in this one. */
export async function flood(): Promise<Flood> {
  const records: Flood["records"][number][] = [];
  const sums = new Map<string, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as OtlpBody;
      for (const { scopeLogs = [], scopeMetrics = [] } of [
        ...(body.resourceLogs ?? []),
        ...(body.resourceMetrics ?? []),
      ]) {
        for (const { logRecords } of scopeLogs) {
          for (const { eventName, attributes } of logRecords) {
            records.push({ event: eventName, attributes: plain(attributes) });
          }
        }
        for (const { metrics } of scopeMetrics) {
          for (const { name, sum } of metrics) {
            if (sum !== undefined) sums.set(name, total(sum.dataPoints));
          }
        }
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  try {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [path.join(import.meta.dirname, "program.ts"), endpoint],
      { maxBuffer: 2 ** 24 },
    );
    return { ...(JSON.parse(stdout) as FloodReport), records, sums };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

interface OtlpBody {
  readonly resourceLogs?: readonly OtlpResource[];
  readonly resourceMetrics?: readonly OtlpResource[];
}

interface OtlpResource {
  readonly scopeLogs?: readonly {
    readonly logRecords: readonly {
      readonly eventName: string;
      readonly attributes: readonly KeyValue[];
    }[];
  }[];
  readonly scopeMetrics?: readonly {
    readonly metrics: readonly {
      readonly name: string;
      readonly sum?: {
        readonly dataPoints: readonly {
          readonly asInt?: number | string;
          readonly asDouble?: number;
        }[];
      };
    }[];
  }[];
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, string | number | boolean>>;
}

function plain(attributes: readonly KeyValue[]): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function total(
  points: readonly { readonly asInt?: number | string; readonly asDouble?: number }[],
): number {
  return points.reduce((sum, { asInt, asDouble }) => sum + Number(asInt ?? asDouble ?? 0), 0);
}
