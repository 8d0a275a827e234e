import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { attributesOf, type OtlpLogs } from "../../packages/telemetry/src/testing/otlp-receiver.ts";
import type { DeniedLog } from "./account.ts";

/** What the server does instead of accepting a request; "absent": no process listens. */
export type Fault = ((response: ServerResponse) => void) | "absent";

/** A server that fails in this way until the test mends it. */
export async function failingServer(fault: Fault) {
  const logs: DeniedLog[] = [];
  let well = false;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (!well && fault !== "absent") {
        fault(response);
        return;
      }
      logs.push(...logsIn(Buffer.concat(chunks)));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  if (fault === "absent") await closed(server);
  return {
    logs,
    endpoint: `http://127.0.0.1:${port}`,
    recover() {
      well = true;
      if (fault === "absent") server.listen(port, "127.0.0.1");
      // Requests that hang must not be answered when the fault is mended.
      else server.closeAllConnections();
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await closed(server);
    },
  };
}

async function closed(server: ReturnType<typeof createServer>): Promise<void> {
  const gone = once(server, "close");
  server.close();
  server.closeAllConnections();
  await gone;
}

function logsIn(body: Buffer): DeniedLog[] {
  // A Collector whose disk was full sends empty requests as well.
  const { resourceLogs = [] } = JSON.parse(body.toString()) as Partial<OtlpLogs>;
  return resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ attributes }) => ({ attributes: attributesOf(attributes) })),
    ),
  );
}
