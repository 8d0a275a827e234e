import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A real HTTP server on loopback for as long as it is in scope. */
export class Web implements AsyncDisposable {
  readonly #server: Server;
  /** Requests that arrived. */
  hits = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(answer: RequestListener, host = "127.0.0.1"): Promise<Web> {
    const server = createServer();
    const web = new Web(server);
    server.on("request", (request, response) => {
      web.hits += 1;
      answer(request, response);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, host, resolve);
    });
    return web;
  }

  get port(): number {
    const address = this.#server.address();
    assert.ok(address !== null && typeof address === "object");
    return (address satisfies AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}
