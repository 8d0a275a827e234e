import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { attributesOf, type OtlpLogs } from "../../packages/telemetry/src/testing/otlp-receiver.ts";
import { failingServer } from "./failing-server.ts";
import { temporaryFolder } from "./folder.ts";
import { startService } from "./service.ts";
import { until } from "./until.ts";

const PROGRAM = join(import.meta.dirname, "sync-service.ts");
/** How often it is killed; more with PYISOLATE_KILLS. */
const KILLS = Number(process.env["PYISOLATE_KILLS"] ?? 6);

test(
  "with durability sync no id that was told before a kill -9 is lost, at whatever moment it comes",
  { timeout: 60_000 + KILLS * 5000 },
  async () => {
    const spool = await temporaryFolder();
    await using backend = await failingServer((response) => response.writeHead(503).end());
    backend.recover();
    const told: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      // Half of them meet a server that takes records, the others none at all.
      const endpoint = kill % 2 === 0 ? backend.endpoint : "http://127.0.0.1:1";
      told.push(...(await killedAtRandom(endpoint, spool)));
      const kept = new Set([...(await idsOnDisk(spool)), ...delivered(backend.logs)]);
      expect(told.filter((id) => !kept.has(id))).toEqual([]);
    }
    expect(told.length).toBeGreaterThanOrEqual(KILLS);

    const service = startService({ endpoint: backend.endpoint, spool });
    await until(
      "the spool",
      () => idsOnDisk(spool),
      (ids) => ids.length === 0,
    );
    await service.end();
    const arrived = delivered(backend.logs);
    const distinct = new Set(arrived);
    expect(told.filter((id) => !distinct.has(id))).toEqual([]);
    // Twice comes only what was under way when a process was killed: at most a file, that is as many as one process had.
    process.stdout.write(
      `durability sync: ${KILLS} kills, ${told.length} told, ${arrived.length - distinct.size} twice\n`,
    );
    expect(arrived.length - distinct.size).toBeLessThanOrEqual((KILLS / 2) * 1024);
  },
);

async function killedAtRandom(endpoint: string, spool: string): Promise<string[]> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify({ endpoint, spool })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const said = text(child.stdout);
  await once(child.stdout, "readable");
  await sleep(Math.random() * 500);
  child.kill("SIGKILL");
  await exited;
  // The last line may be cut, and then tells of no denial.
  return (await said).split("\n").slice(0, -1);
}

async function idsOnDisk(spool: string): Promise<string[]> {
  const names = (await readdir(spool)).filter((name) => name.endsWith(".jsonl"));
  const contents = await Promise.all(
    names.map(async (name) => await readFile(join(spool, name), "utf8").catch(() => "")),
  );
  return contents
    .flatMap((content) => content.split("\n").slice(0, -1))
    .filter((line) => line !== "")
    .flatMap((line) => {
      const { resourceLogs } = JSON.parse(line) as OtlpLogs;
      return resourceLogs.flatMap(({ scopeLogs }) =>
        scopeLogs.flatMap(({ logRecords }) =>
          logRecords.map(({ attributes }) =>
            String(attributesOf(attributes)["pyisolate.denial.id"]),
          ),
        ),
      );
    });
}

function delivered(logs: readonly { readonly attributes: Readonly<Record<string, unknown>> }[]) {
  return logs.map(({ attributes }) => String(attributes["pyisolate.denial.id"]));
}
