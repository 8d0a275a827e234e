import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { expect, test } from "vitest";

import { folderWith } from "../testing/folder.ts";
import { runCommand } from "../testing/run-command.ts";

/** A letter with one record for each of these bodies. */
function letter(answer: string, ...bodies: readonly string[]): string {
  const logRecords = bodies.map((text) => ({ body: { stringValue: text } }));
  const request = { resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords }] }] };
  const records = bodies.length;
  return `${JSON.stringify({ time: "2026-11-27T00:00:00.000Z", answer, records, rejected: records, request })}\n`;
}

/** A receiver that refuses with 400 what has one of these words, and otherwise keeps it. */
async function receiver(refuses: (body: string) => boolean) {
  const taken: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      const body = Buffer.concat(chunks).toString();
      const refused = refuses(body);
      if (!refused)
        taken.push(...[...body.matchAll(/"stringValue":"(.*?)"/g)].map(([, text = ""]) => text));
      response.writeHead(refused ? 400 : 200, { "content-type": "application/json" });
      response.end(refused ? "still no" : "{}");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const LETTERS = letter("no", "a", "b") + letter("no", "bad") + letter("too large", "c");

test("dead letters are sent again, and only those; one that is refused again stays with its new answer", async () => {
  const segment = "1700000000000-1-1-00000001.jsonl";
  using folder = folderWith({ "dead-letters.jsonl": LETTERS, [segment]: letter("", "waiting") });
  using far = await receiver((body) => body.includes("bad"));
  const { code, stdout } = await runCommand(["resend", folder.path, "--to", far.url]);
  expect({ code, stdout }).toEqual({
    code: 1,
    stdout: "3 records taken, 1 refused again, 0 not sent\n",
  });
  expect(far.taken).toEqual(["a", "b", "c"]);
  expect(readdirSync(folder.path).toSorted()).toEqual([segment, "dead-letters.jsonl"]);
  const left = readFileSync(join(folder.path, "dead-letters.jsonl"), "utf8").trim();
  expect(JSON.parse(left)).toMatchObject({
    answer: "the server answered 400: still no",
    request: {
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "bad" } }] }] }],
    },
  });
});

test("where all are taken nothing is left, and --json says how many", async () => {
  using folder = folderWith({ "dead-letters.jsonl": LETTERS });
  using far = await receiver(() => false);
  const { code, stdout } = await runCommand(["resend", folder.path, "--to", far.url, "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    taken: 4,
    refused: 0,
    waiting: 0,
    letters: [
      { answer: "no", records: 3 },
      { answer: "too large", records: 1 },
    ],
  });
  expect(readdirSync(folder.path)).toEqual([]);
});

test("--dry-run sends nothing and says what is there; what cannot be read stays", async () => {
  using folder = folderWith({ "dead-letters.jsonl": `${LETTERS}{"cut` });
  using far = await receiver(() => false);
  const dry = await runCommand(["resend", folder.path, "--to", far.url, "--dry-run"]);
  expect(dry).toMatchObject({
    code: 0,
    stdout: "3 records: no\n1 records: too large\n4 records would be sent\n",
    stderr: expect.stringContaining("1 dead letters cannot be read") as string,
  });
  expect(far.taken).toEqual([]);
  expect(readFileSync(join(folder.path, "dead-letters.jsonl"), "utf8")).toBe(`${LETTERS}{"cut`);
  await runCommand(["resend", folder.path, "--to", far.url]);
  expect(readFileSync(join(folder.path, "dead-letters.jsonl"), "utf8")).toBe(`{"cut\n`);
});

test("a folder without letters is fine, one that is not there is not, and a wrong URL is wrong usage", async () => {
  using folder = folderWith({});
  expect(await runCommand(["resend", folder.path])).toMatchObject({ code: 0 });
  const gone = await runCommand(["resend", join(folder.path, "nowhere")]);
  expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining("ENOENT") as string });
  expect(gone.stderr).toMatch(/^there is no folder .*nowhere \(ENOENT\): name the one that/);
  const wrong = await runCommand(["resend", folder.path, "--to", "localhost:4318"]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toMatch(/^--to must be an http or https URL/);
});
