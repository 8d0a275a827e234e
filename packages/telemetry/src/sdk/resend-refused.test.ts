import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeEach, expect, onTestFinished, test, vi } from "vitest";

import { resendRefused, SpoolError } from "../sdk.ts";
import { otlpReceiver } from "../testing/otlp-receiver.ts";

/** Some user that is not root: root may read files that no other user may. */
const USER = 65_534;
const isRoot = process.geteuid?.() === 0;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pyisolate-resend-"));
  onTestFinished(() => {
    process.seteuid?.(process.getuid?.() ?? 0);
    rmSync(directory, { recursive: true, force: true });
  });
});

function letter(id: string): string {
  const logRecords = [{ body: { stringValue: id } }];
  const request = { resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords }] }] };
  return `${JSON.stringify({ time: "2026-11-27T00:00:00.000Z", answer: "no", records: 1, rejected: 1, request })}\n`;
}

test.each([
  ["is not there", "not_found", () => join(directory, "none")],
  [
    "is a file",
    "not_a_folder",
    () => {
      const path = join(directory, "file");
      writeFileSync(path, "");
      return path;
    },
  ],
  [
    "this user may not read",
    "forbidden",
    () => {
      const path = join(directory, "closed");
      mkdirSync(path, { mode: 0o000 });
      chmodSync(directory, 0o755);
      if (isRoot) process.seteuid?.(USER);
      return path;
    },
  ],
  [
    "has a folder in place of its letters",
    "failed",
    () => {
      mkdirSync(join(directory, "dead-letters.jsonl"));
      return directory;
    },
  ],
])(
  "resendRefused of a folder that %s is a SpoolError, and so is its dry run",
  async (_what, code, make) => {
    const spool = make();
    for (const how of [{}, { dryRun: true }]) {
      const failure: unknown = await resendRefused({ spool }, how).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SpoolError);
      expect(failure).toMatchObject({ name: "SpoolError", code });
      expect((failure as SpoolError).message).toContain(spool);
      expect((failure as SpoolError).cause).toHaveProperty("code");
    }
  },
);

test("the letters behind a file that cannot be read are sent the next time, by the same process too", async () => {
  await using receiver = await otlpReceiver();
  // Taken by a process that has ended, which has left a folder in one file's place.
  const other = (counter: number) =>
    join(directory, `dead-letters-1763841600000-${2 ** 31}-1-0000000${counter}.jsonl`);
  mkdirSync(other(1));
  writeFileSync(other(2), letter("behind"), { mode: 0o600 });
  writeFileSync(join(directory, "dead-letters.jsonl"), letter("first"), { mode: 0o600 });
  const again = { spool: directory, endpoint: receiver.url };
  await expect(resendRefused(again)).rejects.toThrow(/EISDIR/);
  for (const name of readdirSync(directory)) {
    if (!name.endsWith(".jsonl")) continue;
    const path = join(directory, name);
    try {
      readFileSync(path);
    } catch {
      rmSync(path, { recursive: true });
    }
  }
  await resendRefused(again);
  const bodies = receiver.records().map((record) => JSON.stringify(record));
  expect(bodies.filter((body) => body.includes("behind"))).toHaveLength(1);
  expect(bodies.filter((body) => body.includes("first"))).toHaveLength(1);
  expect(readdirSync(directory)).toEqual([]);
});

test("letters that could not be sent stay as they are, and only why is told", async () => {
  const server = createServer((_request, response) => {
    response.statusCode = 503;
    response.end("away\u001b[31m");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const path = join(directory, "dead-letters.jsonl");
  writeFileSync(path, letter("a"), { mode: 0o600 });
  const told: string[] = [];
  const resent = await resendRefused(
    { spool: directory, endpoint: `http://127.0.0.1:${port}`, flushTimeoutMillis: 1000 },
    { onWarning: (message) => void told.push(message) },
  );
  server.close();
  expect(resent).toEqual({ taken: 0, refused: 0, waiting: 1 });
  expect(told).toEqual([expect.stringMatching(/^1 records were not sent: .*503/)]);
  expect(told.join()).not.toContain("\u001b");
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(JSON.parse(letter("a")));
}, 30_000);

test.each([
  ["OTEL_LOGS_EXPORTER", "none"],
  ["OTEL_LOGS_EXPORTER", "console"],
  ["OTEL_SDK_DISABLED", "true"],
])("with %s=%s letters go to the endpoint that is named, and to no other", async (name, value) => {
  await using named = await otlpReceiver();
  await using other = await otlpReceiver();
  vi.stubEnv(name, value);
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", other.url);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  writeFileSync(join(directory, "dead-letters.jsonl"), letter("a"), { mode: 0o600 });
  const resent = await resendRefused({ spool: directory, endpoint: named.url });
  expect(resent).toEqual({ taken: 1, refused: 0, waiting: 0 });
  expect([named.records(), other.records()].map(({ length }) => length)).toEqual([1, 0]);
});

test.runIf(isRoot)("letters of another user are neither sent nor removed", async () => {
  await using receiver = await otlpReceiver();
  const path = join(directory, "dead-letters.jsonl");
  writeFileSync(path, letter("foreign"), { mode: 0o644 });
  chownSync(path, USER, USER);
  await expect(resendRefused({ spool: directory, endpoint: receiver.url })).rejects.toMatchObject({
    code: "forbidden",
  });
  expect(receiver.records()).toEqual([]);
  expect(readdirSync(directory)).toHaveLength(1);
});
