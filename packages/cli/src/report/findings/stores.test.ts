import { parser as logql } from "@grafana/lezer-logql";
import { JSDOM } from "jsdom";
import { expect, test } from "vitest";

import { createLoki } from "../ask/loki.ts";
import type { LogStore } from "../ask/log-store.ts";
import { createVictoriaLogs } from "../ask/victorialogs.ts";
import { findLogStore } from "../ask/find-log-store.ts";
import { page } from "../page/page.ts";
import type { Filter } from "../selector.ts";
import { type Exchange, replay } from "../../testing/recording.ts";
import recorded from "../../testing/recorded.json" with { type: "json" };
import { find } from "./findings.ts";
import { type Records, records } from "./records.ts";

// An incident of ours, as a real VictoriaLogs told it and in the form that Loki's API documents: pnpm --filter @pyisolate/cli
// record. A test of ours runs no Loki.

const range = { from: recorded.from, to: recorded.to };
const asked = recorded.asked as unknown as readonly (readonly [
  Filter,
  readonly { readonly rule: string; readonly reason: string }[],
])[];
const exchanges: Readonly<Record<"VictoriaLogs" | "Loki", readonly Exchange[]>> = {
  VictoriaLogs: recorded.victorialogs as readonly object[] as readonly Exchange[],
  Loki: recorded.loki as readonly object[] as readonly Exchange[],
};
const CREATED = { VictoriaLogs: createVictoriaLogs, Loki: createLoki };

async function ask(
  name: keyof typeof exchanges,
  question: (store: LogStore) => Promise<Records>,
): Promise<Records> {
  await using server = await replay(exchanges[name]);
  return await question(CREATED[name](server.url));
}

test.each(asked.map(([filter, pairs]) => ({ filter, pairs })))(
  "both stores tell the same, about $filter",
  async ({ filter, pairs }) => {
    const of = async (store: LogStore) => await records(store, filter, range, pairs);
    const ours = await ask("VictoriaLogs", of);
    expect(await ask("Loki", of)).toEqual(ours);
    expect(ours.newest.length).toBeGreaterThan(0);
    expect(ours.policyLoads.length + ours.telling.length).toBeGreaterThan(0);
  },
);

test("they tell what happened: both of the kernel's refusals, each policy, and a hostile name as it is", async () => {
  const [[everything, pairs] = [{}, []]] = asked;
  const told = await ask("Loki", async (store) => await records(store, everything, range, pairs));
  expect(told.telling.map(({ kernel, broker, cell }) => [kernel, broker, cell])).toEqual(
    expect.arrayContaining([
      ["deny", "allow", "agent-2"],
      ["deny", "not_evaluated", "agent-0"],
    ]),
  );
  expect(new Set(told.policyLoads.map(({ name }) => name))).toEqual(
    new Set(["plugins", "exports", "agents"]),
  );
  expect(told.telling.find(({ rule }) => rule === "secrets")).toMatchObject({
    description: "Accounts and keys of the host are no tenant's",
    owner: "platform-security",
  });
  const careless = asked.at(-1)?.[0].cell;
  expect(told.newest.find(({ cell }) => cell === careless)?.attemptedAction).toContain(
    `<script>alert("target")</script>`,
  );
});

test("the page is the same but for the store's name and address", async () => {
  const [[filter, pairs] = [{}, []]] = asked;
  const written = async (name: keyof typeof exchanges) => {
    await using server = await replay([...exchanges[name]]);
    const findings = await find(
      // Where Prometheus is not asked it knows of no new pair.
      { prometheus: undefined, logs: CREATED[name](server.url) },
      { range, filter, now: range.to },
    );
    expect(findings.records).toMatchObject({ ok: true });
    return page(findings).replaceAll(server.url.origin, "there").replaceAll(name, "the store");
  };
  expect(pairs.length).toBeGreaterThan(0);
  const text = new JSDOM(await written("Loki")).window.document.body.textContent;
  expect(text).toContain("Accounts and keys of the host are no tenant's (ask platform-security)");
  expect(await written("Loki")).toBe(await written("VictoriaLogs"));
});

test("every LogQL query is one by Loki's own grammar", () => {
  const queries = exchanges.Loki.map(({ form }) => form["query"] ?? "");
  expect(queries.length).toBeGreaterThan(5);
  for (const query of queries) {
    logql.parse(query).iterate({
      enter: ({ type }) => {
        expect(type.isError, query).toBe(false);
      },
    });
  }
});

test.each(["VictoriaLogs", "Loki"] as const)("a %s is found by asking", async (name) => {
  const present: Exchange =
    name === "Loki"
      ? {
          path: "/loki/api/v1/labels",
          form: {},
          status: 200,
          text: `{"status":"success","data":["service_name"]}`,
        }
      : {
          path: "/select/logsql/stats_query",
          form: { query: "_time:1s | stats count() as n" },
          status: 200,
          text: `{"status":"success","data":{"resultType":"vector","result":[]}}`,
        };
  await using server = await replay([present]);
  const { url } = server;
  const found = await findLogStore([
    { name: "VictoriaLogs", url },
    { name: "Loki", url },
  ]);
  expect(found).toMatchObject({ name, url });
});
