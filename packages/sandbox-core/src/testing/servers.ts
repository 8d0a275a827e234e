import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import {
  type AddressInfo,
  createServer as createRawServer,
  type Server as RawServer,
  type Socket,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Answer = (incoming: IncomingMessage, outgoing: ServerResponse) => void | Promise<void>;

export interface Served extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
}

/** An HTTP server on 127.0.0.1, at a free port. */
export async function serve(answer: Answer): Promise<Served> {
  return await listening(createServer((...exchange) => void answer(...exchange)));
}

/** An HTTPS server on 127.0.0.1. */
export async function serveSecurely(
  identity: { key: string; cert: string },
  answer: Answer,
): Promise<Served> {
  return await listening(createSecureServer(identity, (...exchange) => void answer(...exchange)));
}

/** A server that speaks whatever it likes. */
export async function serveRaw(connected: (socket: Socket) => void): Promise<Served> {
  return await listening(createRawServer(connected));
}

async function listening(server: Server | RawServer): Promise<Served> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** A certificate authority of the moment, and a server's certificate that it signed for one name. */
export function certificates(name: string): {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
} {
  const folder = mkdtempSync(join(tmpdir(), "certificates-"));
  const openssl = (...args: string[]): void =>
    void execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  try {
    const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    openssl(
      "req",
      "-x509",
      ...ec,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-days",
      "2",
      "-subj",
      "/CN=test authority",
      "-addext",
      "basicConstraints=critical,CA:TRUE",
    );
    openssl("req", ...ec, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server");
    writeFileSync(join(folder, "names"), `subjectAltName=DNS:${name}\n`);
    openssl(
      "x509",
      "-req",
      "-in",
      "server.csr",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "2",
      "-extfile",
      "names",
      "-out",
      "server.pem",
    );
    const read = (file: string): string => readFileSync(join(folder, file), "utf8");
    return { ca: read("ca.pem"), key: read("server.key"), cert: read("server.pem") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
