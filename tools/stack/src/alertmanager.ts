import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Alert, parseAlerts } from "./alerts.ts";
import { runCommand } from "./command.ts";
import { StackError } from "./errors.ts";
import { onPort } from "./ports.ts";
import type { Verdict } from "./promtool.ts";
import { inServerFolder } from "./server-folder.ts";
import { type Server, startServer } from "./server.ts";

/** The configuration that compose.yaml runs too. */
const ALERTMANAGER_CONFIG = fileURLToPath(
  new URL("../../../examples/compose/alertmanager.yml", import.meta.url),
);

export interface AlertmanagerOptions {
  /** The alertmanager binary. */
  readonly binary: string;
  /** That of compose.yaml unless given. */
  readonly config?: string;
  /** A free one unless given. */
  readonly port?: number;
}

/** A running Alertmanager. */
export interface Alertmanager extends Server {
  readonly url: string;
  /**
   * The alerts it holds, silenced and inhibited ones included.
   *
   * @throws {StackError} `query-failed`.
   */
  alerts(): Promise<Alert[]>;
  /**
   * Asks until the alerts satisfy.
   *
   * @param withinMs 30 s unless given.
   * @throws {StackError} `query-failed`, with the last answer.
   */
  waitFor(satisfies: (alerts: readonly Alert[]) => boolean, withinMs?: number): Promise<Alert[]>;
}

const READY_WITHIN_MS = 30_000;
const GRACE_MS = 10_000;

/**
 * Starts an Alertmanager on loopback, alone and with its data in a temporary folder.
 *
 * @throws {StackError} `port-taken`, `server-died` (with what it said) or `not-ready`.
 */
export async function startAlertmanager(options: AlertmanagerOptions): Promise<Alertmanager> {
  return await inServerFolder(
    undefined,
    "alertmanager",
    async (folder) =>
      await onPort(options.port, async (port) => await start(folder, port, options)),
  );
}

/** amtool's opinion of a configuration. A finding is a value, not an error. */
export async function checkAlertmanagerConfig(
  amtool: string,
  config = ALERTMANAGER_CONFIG,
): Promise<Verdict> {
  const { code, output } = await runCommand(amtool, ["check-config", config], {
    timeoutMs: READY_WITHIN_MS,
  });
  return { ok: code === 0, output: output.trim() };
}

async function start(
  folder: string,
  port: number,
  options: AlertmanagerOptions,
): Promise<Alertmanager> {
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer({
    name: "Alertmanager",
    command: options.binary,
    args: [
      `--config.file=${options.config ?? ALERTMANAGER_CONFIG}`,
      `--storage.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // Empty: no gossip with others, which would listen on every interface.
      "--cluster.listen-address=",
    ],
    ports: [port],
    outputFile: join(folder, "alertmanager.log"),
    isReady: async () => (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(1000) })).ok,
    readyWithinMs: READY_WITHIN_MS,
    graceMs: GRACE_MS,
  });
  const alerts = async () => {
    const response = await fetch(`${url}/api/v2/alerts`, { signal: AbortSignal.timeout(10_000) });
    return parseAlerts(await response.json());
  };
  return Object.assign(server, {
    url,
    alerts,
    async waitFor(satisfies: (found: readonly Alert[]) => boolean, withinMs = 30_000) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const found = await alerts();
        if (satisfies(found)) return found;
        if (Date.now() > deadline) {
          throw new StackError(
            "query-failed",
            `The alerts did not become what they should within ${withinMs / 1000} s. The last answer:`,
            JSON.stringify(found),
          );
        }
        await sleep(200);
      }
    },
  });
}
