import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { until } from "../../testing/cells.ts";
import { startHost } from "../../testing/hosts.ts";

const policy = (name: string): string => `version: 1\nname: ${name}\nrules: []\n`;
let folder = "";
let path = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pyisolate-watch-"));
  path = join(folder, "policy.yaml");
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const watching = (options: string): string => `
  const { watchPolicy } = await import("@pyisolate/sandbox-core");
  const supervisor = new Supervisor({ policy: ${JSON.stringify(policy("first"))}, token: "t", kernel: "off", pool: 0 });
  const watch = watchPolicy(${JSON.stringify(path)}, supervisor, { token: "t", settleMs: 60_000, ${options} });
  await watch.reload();
`;

test("a service is reloaded by SIGHUP while it watches, and ended by SIGHUP once it does not", async () => {
  writeFileSync(path, policy("first"));
  using host = startHost(`
    ${watching("")}
    process.on("SIGUSR2", async () => { await watch.close(); say({ closed: true }); });
    setInterval(() => {
      if (supervisor.policy.name === "second") say({ reloaded: true });
    }, 20);
    say({ watching: true });
  `);
  await host.heard("watching");
  writeFileSync(path, policy("second"));
  host.child.kill("SIGHUP");
  await host.heard("reloaded");
  host.child.kill("SIGUSR2");
  await host.heard("closed");
  host.child.kill("SIGHUP");
  expect(await host.ended()).toEqual({ code: null, signal: "SIGHUP" });
});

test("with signal: false a watch leaves SIGHUP as it is", async () => {
  using host = startHost(
    `${watching("signal: false")} say({ watching: true }); setInterval(() => {}, 1000);`,
  );
  await host.heard("watching");
  host.child.kill("SIGHUP");
  expect(await host.ended()).toEqual({ code: null, signal: "SIGHUP" });
});

test("a watch does not keep its process alive", async () => {
  using host = startHost(`${watching("pollMs: 100")} say({ watching: true });`);
  await host.heard("watching");
  await until("the process ends by itself", () => host.child.exitCode !== null);
  expect(await host.ended()).toEqual({ code: 0, signal: null });
});
