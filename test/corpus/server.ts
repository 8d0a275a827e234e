import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";

const PACKED = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };

/** What the programs fetch from: a real server on loopback. */
export class CorpusServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<CorpusServer> {
    const server = createServer((request, response) => void answer(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new CorpusServer(server);
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const path = request.url?.split("?")[0] ?? "";
  const send = (status: number, headers: Record<string, string | string[]>, content?: unknown) => {
    response.writeHead(status, headers);
    response.end(content);
  };
  const json = { "content-type": "application/json" };
  switch (path) {
    case "/json":
      return send(200, json, '{"hello":"wörld"}');
    case "/echo": {
      const { method, url, headers } = request;
      return send(200, json, JSON.stringify({ method, url, headers, body }));
    }
    case "/bom":
      return send(200, { "content-type": "text/plain" }, "\ufefftext");
    case "/bom-json":
      return send(200, json, '\ufeff{"a":1}');
    case "/bytes":
      return send(200, { "content-type": "image/png" }, Buffer.from([0, 1, 254, 255]));
    case "/cookies":
      return send(200, { "set-cookie": ["a=1; Path=/", "b=2, c"] }, "");
    case "/redirect":
      return send(302, { location: "/json" }, "elsewhere");
    case "/missing":
      return send(404, { "content-type": "text/plain" }, "not here");
    case "/broken":
      return send(500, json, '{"error":true}');
    case "/empty":
      return send(204, {});
    case "/slow":
      // Never: the program stops waiting.
      return undefined;
    default: {
      const coding = path.slice("/packed/".length) as keyof typeof PACKED;
      return send(200, { "content-encoding": coding }, PACKED[coding](`packed by ${coding}`));
    }
  }
}
