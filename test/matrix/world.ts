import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { ToolError, type Tools, type ToolSchema } from "@pyisolate/sandbox-core";

const NUMBER: ToolSchema = {
  "~standard": {
    validate: (value) => (typeof value === "number" ? { value } : { issues: [{}] }),
  },
};

/** What the specimens act on: files, a command, servers. All real, all gone with it. */
export class World implements AsyncDisposable {
  readonly folder: string;
  /** A script that exits with its first argument. */
  readonly command: string;
  /** Sources of the modules that the host supplies. */
  readonly modules: Readonly<Record<string, string>> = { supplied: "module.exports = 42;" };
  /** Functions of the host. */
  readonly tools: Tools = {
    "crm.lookup": { schema: NUMBER, handler: (id) => ({ id }) },
    "crm.missing": () => {
      throw new ToolError("there is none", { code: "NOT_FOUND" });
    },
  };
  readonly #server: Server;
  #dead = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.folder = realpathSync(mkdtempSync(path.join(tmpdir(), "pyisolate-matrix-")));
    mkdirSync(path.join(this.folder, "directory"));
    writeFileSync(path.join(this.folder, "file"), "content");
    writeFileSync(path.join(this.folder, "held"), "content");
    this.command = path.join(this.folder, "command");
    writeFileSync(this.command, '#!/bin/sh\nexit "${1:-0}"\n');
    chmodSync(this.command, 0o755);
  }

  static async create(): Promise<World> {
    const world = new World(await listening());
    // Free a moment ago, and taken by no process since.
    const passing = await listening();
    world.#dead = portOf(passing);
    await closed(passing);
    return world;
  }

  /** Where a server answers. */
  get port(): number {
    return portOf(this.#server);
  }

  /** Where no server listens. */
  get deadPort(): number {
    return this.#dead;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closed(this.#server);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function listening(): Promise<Server> {
  const server = createServer((_request, response) => response.end("here"));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
