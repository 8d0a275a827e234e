import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** An attribute as OTLP's JSON writes it. */
interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface Resource {
  readonly resource: { readonly attributes: readonly KeyValue[] };
}

export interface OtlpLogs {
  readonly resourceLogs: readonly (Resource & {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly eventName: string;
        readonly traceId?: string;
        readonly attributes: readonly KeyValue[];
      }[];
    }[];
  })[];
}

export interface OtlpMetrics {
  readonly resourceMetrics: readonly (Resource & {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly sum?: {
          readonly aggregationTemporality: number;
          readonly dataPoints: readonly { readonly asInt?: number; readonly asDouble?: number }[];
        };
      }[];
    }[];
  })[];
}

/** A real HTTP server in a Collector's place: it answers with `status` and `answer`, and keeps what it takes. */
export async function otlpReceiver(
  status: (body: string) => number = () => 200,
  answer: () => string = () => "{}",
) {
  const logs: OtlpLogs[] = [];
  const metrics: OtlpMetrics[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const code = status(text);
      if (code === 200) {
        const body: unknown = JSON.parse(text);
        headers.push(request.headers);
        if (request.url === "/v1/logs") logs.push(body as OtlpLogs);
        if (request.url === "/v1/metrics") metrics.push(body as OtlpMetrics);
      }
      response.writeHead(code, { "content-type": "application/json" }).end(answer());
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    logs,
    metrics,
    headers,
    records: () =>
      logs.flatMap(({ resourceLogs }) =>
        resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)),
      ),
    /** The last cumulative sum of a metric, over its points. */
    sum: (name: string) => {
      const last = metrics.at(-1)?.resourceMetrics ?? [];
      return last
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
        .filter((metric) => metric.name === name)
        .flatMap((metric) => metric.sum?.dataPoints ?? [])
        .reduce((sum, point) => sum + Number(point.asInt ?? point.asDouble ?? 0), 0);
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

export function attributesOf(keyValues: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(keyValues.map(({ key, value }) => [key, Object.values(value)[0]]));
}
