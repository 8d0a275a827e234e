import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Connections that can be open at once. */
const MAX_CONNECTIONS = 64;

/** The longest that a request may take to arrive, milliseconds, and how often that is looked at. */
const READ_TIME = 3000;
const CHECK_INTERVAL = 1000;

/** The longest that an answer may take to be made and to be read, milliseconds. */
const ANSWER_TIME = 10_000;

/** What a server has to be created with. */
export const READ_LIMITS = {
  requestTimeout: READ_TIME,
  headersTimeout: READ_TIME,
  connectionsCheckingInterval: CHECK_INTERVAL,
} as const;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** The requests that wait on one connection. */
interface Connection {
  busy: boolean;
  /** Begins to answer the request that came before the last answer had gone out. */
  next: (() => void) | undefined;
}

/**
 * Keeps a server's clients from holding it up: one request of a connection is answered at a time, within a time, and a client
 * that sends a third one before that is cut off. Of more connections than are allowed the oldest that is idle goes, so that
 * silent ones do not keep a new one out.
 */
export function boundSockets(server: Server, answer: Answer): void {
  const connections = new Map<Socket, Connection>();
  server.on("connection", (socket: Socket) => {
    if (connections.size >= MAX_CONNECTIONS) oldestOf(connections)?.destroy();
    connections.set(socket, { busy: false, next: undefined });
    socket.once("close", () => connections.delete(socket));
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const connection = connections.get(socket);
    if (connection === undefined || socket.destroyed) return;
    const begin = () => {
      connection.busy = true;
      const timer = setTimeout(() => socket.destroy(), ANSWER_TIME).unref();
      response.once("close", () => {
        clearTimeout(timer);
        connection.busy = false;
        const { next } = connection;
        connection.next = undefined;
        if (!socket.destroyed) next?.();
      });
      answer(request, response);
    };
    if (!connection.busy) begin();
    // One may come before it is known here that the last answer has been read; no honest client sends two.
    else if (connection.next === undefined) connection.next = begin;
    else socket.destroy();
  });
}

function oldestOf(connections: ReadonlyMap<Socket, Connection>): Socket | undefined {
  const idle = [...connections].find(([, { busy }]) => !busy);
  return (idle ?? [...connections][0])?.[0];
}
