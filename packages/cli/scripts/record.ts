// Records what a real VictoriaLogs answers the report about an incident of ours, and the same records in the form in which Loki's
// API documents its answers: src/testing/recorded.json.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import {
  createProgress,
  requireServers,
  startCollector,
  startVictoriaLogs,
} from "@pyisolate/stack";

import { createLoki } from "../src/report/ask/loki.ts";
import { createVictoriaLogs } from "../src/report/ask/victorialogs.ts";
import { records } from "../src/report/findings/records.ts";
import { sendAsItIs } from "../src/testing/careless-sender.ts";
import { playIncident } from "../src/testing/incident.ts";
import { type FullRecord, lokiAnswer } from "../src/testing/loki-form.ts";
import { type Exchange, listen } from "../src/testing/recording.ts";

const FILE = fileURLToPath(new URL("../src/testing/recorded.json", import.meta.url));
const BEATS = 12;
const CARELESS = {
  cell: `"><img src=x onerror=alert("cell")>\u202E`,
  rule: 'back`tick \\ "quote" | in(*)',
  target: `/\u202E\u001B[31m<script>alert("target")</script>`,
};
const PAIRS = [
  { rule: "secrets", reason: "explicit_deny" },
  { rule: "default", reason: "outside_scope" },
];
/** What the report is about, and the new rules and reasons of which it wants a record each. */
const ASKED = [
  [{}, PAIRS],
  [{ job: "plugins", cell: "tenant-b" }, PAIRS],
  [{ cell: CARELESS.cell }, [{ rule: CARELESS.rule, reason: "explicit_deny" }]],
] as const;

const progress = createProgress();
const names = ["otelcol", "victoria-logs"] as const;
const servers = await requireServers({ progress, names });
await using store = await startVictoriaLogs({ binary: servers["victoria-logs"] });
await using collector = await startCollector({
  binary: servers.otelcol,
  logStore: store.otlpEndpoint,
});
const from = Date.now();
await progress.step("An incident", async () => {
  const endpoint = collector.otlpEndpoint;
  await playIncident({ endpoint, beats: BEATS, beatMs: 20, onBeat: () => Promise.resolve() });
  await sendAsItIs(endpoint, CARELESS);
});
await store.waitFor('pyisolate.denial.id:="careless-1"', ({ length }) => length === 1);
const to = Date.now();
const all = (await (await fetch(`${store.url}/select/logsql/query?query=*`)).text())
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as FullRecord)
  // Not of the machine that it was recorded on.
  .map((record) =>
    Object.fromEntries(
      Object.entries(record).filter(([name]) => !/^(?:host|os|process|container)\./.test(name)),
    ),
  );

const recorded: { victorialogs: Exchange[]; loki: Exchange[] } = { victorialogs: [], loki: [] };
for (const [filter, pairs] of ASKED) {
  await using ours = await listen(async (path, form) => {
    const response = await fetch(`${store.url}${path}`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    return { status: response.status, text: await response.text() };
  });
  await using theirs = await listen((_, form) =>
    Promise.resolve({ status: 200, text: lokiAnswer(all, form) }),
  );
  for (const asked of [createVictoriaLogs(ours.url), createLoki(theirs.url)])
    await records(asked, filter, { from, to }, pairs);
  recorded.victorialogs.push(...ours.asked);
  recorded.loki.push(...theirs.asked);
}
const text = JSON.stringify({ from, to, asked: ASKED, ...recorded }, null, 1).replaceAll(
  // Escaped: a reader of the file would otherwise see something else than what is in it.
  /[^\n -~]/g,
  (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
);
await writeFile(FILE, `${text}\n`);
process.stdout.write(`${FILE}\n`);
