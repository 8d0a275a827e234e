import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { say } from "../demo/screen.ts";

const SERVICES = ["plugins", "uploads"] as const;

/** Longest that a service may take to flush and end, milliseconds. */
const GRACE = 15_000;

/** The services that are denied things: real cells, and a service with guards of its own. */
export interface Services extends AsyncDisposable {
  readonly pids: readonly number[];
  /** Rejects with the error of a service that ended by itself; else never settles. */
  readonly died: Promise<never>;
}

/** Starts them, each a process of its own with a spool. @throws where one does not start. */
export async function startServices(otlpEndpoint: string): Promise<Services> {
  const spool = await mkdtemp(join(tmpdir(), "pyisolate-load-"));
  const children = SERVICES.map((name) => start(name, otlpEndpoint, join(spool, name)));
  let ending = false;
  const died = Promise.race(
    children.map(async ({ child, name }) => {
      const [code] = (await once(child, "exit")) as [number | null];
      if (ending) return await new Promise<never>(() => {});
      throw new Error(`the service ${name} ended by itself, with exit code ${String(code)}`);
    }),
  );
  // A caller that awaits it gets the error; without one, the rejection must not end this process.
  died.catch(() => {});
  const end = async () => {
    ending = true;
    await Promise.all(children.map(async ({ child, name }) => await stop(child, name)));
    await rm(spool, { recursive: true, force: true });
  };
  try {
    const ready = children.map(async ({ child }) => {
      await once(child, "message");
    });
    await Promise.race([died, Promise.all(ready)]);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    pids: children.map(({ child }) => child.pid ?? 0),
    died,
    [Symbol.asyncDispose]: end,
  };
}

function start(name: (typeof SERVICES)[number], endpoint: string, spool: string) {
  const child = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), [spool], {
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_METRIC_EXPORT_INTERVAL: "2000",
    },
    // What it warns of during an outage is told by health and alerts; on the terminal it would hide everything else.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    // Not of the terminal's group: Ctrl-C is ours to pass on, so that they flush into servers that are still there.
    detached: true,
  });
  return { name, child };
}

async function stop(child: ChildProcess, name: string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => {
    say(`  ${name} has not ended within ${GRACE / 1000} s, and had to be killed`);
    child.kill("SIGKILL");
  }, GRACE);
  await exited;
  clearTimeout(timer);
}
