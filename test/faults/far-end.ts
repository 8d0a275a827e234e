import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { attributesOf, type OtlpLogs } from "../../packages/telemetry/src/testing/otlp-receiver.ts";
import type { DeniedLog } from "./account.ts";

/** What it does instead of answering that it has taken a request. */
export type Fault = (response: ServerResponse) => void;

/** A far end that is at fault until it is told to be well. */
export async function farEnd(fault: Fault) {
  const logs: DeniedLog[] = [];
  let well = false;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (!well) {
        fault(response);
        return;
      }
      logs.push(...logsIn(Buffer.concat(chunks)));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    logs,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    recover() {
      well = true;
      // What hangs is not answered after all.
      server.closeAllConnections();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function logsIn(body: Buffer): DeniedLog[] {
  const { resourceLogs } = JSON.parse(body.toString()) as OtlpLogs;
  return resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ attributes }) => ({ attributes: attributesOf(attributes) })),
    ),
  );
}
