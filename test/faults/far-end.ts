import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { attributesOf, type OtlpLogs } from "../../packages/telemetry/src/testing/otlp-receiver.ts";
import type { DeniedLog } from "./account.ts";

/** What it does instead of answering that it has taken a request; "absent": no process listens. */
export type Fault = ((response: ServerResponse) => void) | "absent";

/** A far end that is at fault until it is told to be well. */
export async function farEnd(fault: Fault) {
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
      // What hangs is not answered after all.
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
