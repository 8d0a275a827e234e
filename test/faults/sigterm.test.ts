import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { account } from "./account.ts";
import { farEnd } from "./far-end.ts";
import { temporaryFolder } from "./folder.ts";
import { startService, type Load } from "./service.ts";

const PROGRAM = join(import.meta.dirname, "stopped-service.ts");

/** What a service says of itself when SIGTERM ends it with its Collector down. */
interface LastWords {
  readonly denied: number;
  readonly waiting: number;
  readonly onDisk: number;
  readonly lost: Readonly<Record<string, number>>;
  /** From the signal to the end, milliseconds. */
  readonly took: number;
}

async function stopped(load: Load): Promise<LastWords> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(load)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  const closed = once(child, "close");
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  const [code] = (await closed) as [number | null];
  expect(code).toBe(0);
  return JSON.parse(output.slice(output.indexOf("{"))) as LastWords;
}

const DEAD = { endpoint: "http://127.0.0.1:1", shutdownTimeoutMillis: 1000 };

test("SIGTERM while the Collector is down: what memory held is lost, and counted", async () => {
  const { denied, waiting, lost, took } = await stopped(DEAD);
  expect(account("SIGTERM, in memory", denied, [], lost).residual).toBe(0);
  expect(lost).toEqual({ shutdown: denied });
  expect(waiting).toBe(0);
  expect(took).toBeLessThan(6000);
}, 30_000);

test("SIGTERM while the Collector is down: what the spool holds is there after the next start", async () => {
  const spool = await temporaryFolder();
  const { denied, waiting, onDisk, lost } = await stopped({ ...DEAD, spool });
  expect({ waiting, onDisk, lost }).toEqual({ waiting: denied, onDisk: denied, lost: {} });
  await using backend = await farEnd(() => {});
  backend.recover();
  const next = startService({ endpoint: backend.endpoint, spool });
  await next.otel.flush();
  await next.end();
  expect(account("SIGTERM, in a spool", denied, backend.logs)).toMatchObject({
    duplicates: 0,
    residual: 0,
  });
  expect(await readdir(spool)).toEqual([]);
}, 30_000);
