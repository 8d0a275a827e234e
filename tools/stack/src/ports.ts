import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { StackError } from "./errors.ts";

/**
 * The ports to choose from. Linux gives outgoing connections, and servers that ask for any port, those from 32768 on
 * (`ip_local_port_range`): one of them may be gone when a server that was stopped starts again.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_767;

/** Ports that are tried for one that is free. */
const TRIED = 200;

/**
 * Ports on 127.0.0.1 on which no process listens, all different.
 *
 * @remarks A port may be taken after this returns: a caller that binds one must be ready to find it taken ({@link StackError}, `port-taken`).
 *
 * @throws what the last of 200 attempts threw.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, async () => await listenOnAny()));
  const ports = held.map((server) => portOf(server));
  await Promise.all(held.map((server) => close(server)));
  return ports;
}

async function listenOnAny(): Promise<Server> {
  for (let tries = 1; ; tries++) {
    try {
      return await listen(randomInt(FIRST_PORT, LAST_PORT + 1));
    } catch (error) {
      if (tries === TRIED) throw error;
    }
  }
}

/** Times that {@link onFreePorts} tries. */
const ATTEMPTS = 3;

/**
 * Starts something on free ports; on others when another process takes one in between.
 *
 * @throws {StackError} `port-taken`, the third time, and whatever the start throws.
 */
export async function onFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePorts(count));
    } catch (error) {
      const taken = error instanceof StackError && error.code === "port-taken";
      if (!taken || tries === ATTEMPTS) throw error;
    }
  }
}

/** Starts something on the given port, or without one on a free port as {@link onFreePorts} does. */
export async function onPort<T>(
  given: number | undefined,
  start: (port: number) => Promise<T>,
): Promise<T> {
  return given === undefined
    ? await onFreePorts(1, async ([free = 0]) => await start(free))
    : await start(given);
}

/**
 * Checks before a server starts that its ports can be had, because afterwards a stranger's answer on one could pass for
 * the server's own.
 *
 * @throws {StackError} `port-taken`, naming the port.
 */
export async function assertPortsFree(owner: string, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    try {
      await close(await listen(port));
    } catch (cause) {
      throw new StackError(
        "port-taken",
        `${owner} cannot listen on 127.0.0.1:${port}: ${cause instanceof Error ? cause.message : String(cause)}. ` +
          "Stop what listens there, or choose another port.",
        "",
        { cause },
      );
    }
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen({ host: "127.0.0.1", port, exclusive: true });
  await once(server, "listening");
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("not a TCP server");
  return address.port;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}
