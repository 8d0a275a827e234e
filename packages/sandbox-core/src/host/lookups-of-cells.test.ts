import { expect, test } from "vitest";

import { until } from "../testing/cells.ts";
import { type DnsAnswer, serveNames } from "../testing/dns.ts";
import { startHost } from "../testing/hosts.ts";

// Whole hosts, with a DNS server that is silent for the names of one tenant.

const MODULE = new URL("../../dist/host/names/resolv-conf-lookup.js", import.meta.url).href;

const POLICY = JSON.stringify({
  version: 1,
  name: "host",
  rules: [{ id: "net", effect: "allow", capability: "network", hosts: ["*:*"] }],
  limits: { cpu_ms: 60_000, wall_ms: 60_000 },
});

/** A host whose cell "greedy" asks for 500 names at once that are never answered. */
const greedy = (address: string, then: string): string => `
  import { systemLookup } from ${JSON.stringify(MODULE)};
  import dns from "node:dns/promises";
  const lookup = systemLookup({ servers: [${JSON.stringify(address)}], resolvConf: "/nowhere" });
  const supervisor = new Supervisor({ policy: ${POLICY}, pool: 0, lookup });
  const [greedy, other] = [await supervisor.spawn("greedy"), await supervisor.spawn("other")];
  const all = greedy.exec("Promise.all(Array.from({ length: 500 }, (_, at) => fetch('http://n' + at + '.silent.test/').catch((error) => error.code)))").catch((error) => error.name);
  ${then}
`;

test("a guest with 500 names that are never answered delays neither another cell's names nor the host's own", async () => {
  await using server = await serveNames((name) =>
    name.endsWith("silent.test") ? "silence" : "NXDOMAIN",
  );
  using host = startHost(
    greedy(
      server.address,
      `
      await new Promise((resolve) => setTimeout(resolve, 500));
      let slowest = { own: 0, other: 0 };
      const timed = async (what, work) => { const started = performance.now(); await work(); slowest[what] = Math.max(slowest[what], performance.now() - started); };
      for (let round = 0; round < 10; round++) {
        await timed("own", () => dns.lookup("localhost"));
        await timed("other", () => other.exec("fetch('http://none" + round + ".test/').catch((error) => error.code)"));
      }
      const code = await other.exec("fetch('http://none.test/').catch((error) => error.code)");
      await supervisor.close();
      say({ slowest, code, all: await all });
      `,
    ),
  );
  const slowest = (await host.heard("slowest")) as { own: number; other: number };
  expect(host.said[0]).toMatchObject({ code: "ENOTFOUND", all: "ClosedError" });
  // With all of libuv's threads taken, or the queue's places, it is seconds.
  expect(slowest.own).toBeLessThan(1000);
  expect(slowest.other).toBeLessThan(1500);
  expect(await host.ended()).toEqual({ code: 0, signal: null });
});

test("after a cell's end nothing is asked for it any more, and after the supervisor's the host ends at once", async () => {
  await using server = await serveNames((name) =>
    name.endsWith("silent.test") ? "silence" : ["127.0.0.1"],
  );
  using host = startHost(
    greedy(
      server.address,
      `
      const told = () => new Promise((resolve) => process.once("SIGUSR2", resolve));
      await told();
      // More would be asked by then, if more than four could be.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await greedy.close();
      say({ closed: true });
      await new Promise((resolve) => setTimeout(resolve, 3000));
      // Another, so that the supervisor's end has something to end.
      const later = await supervisor.spawn("later");
      later.exec("Promise.all(Array.from({ length: 500 }, (_, at) => fetch('http://m' + at + '.silent.test/')))").catch(() => {});
      await told();
      await supervisor.close();
      say({ done: true });
      `,
    ),
  );
  const of = (prefix: string): number =>
    new Set(server.asked.filter((name) => name.startsWith(prefix))).size;
  // Four at a time, none of which is answered.
  await until("the cell asks", () => of("n") === 4);
  host.child.kill("SIGUSR2");
  await host.heard("closed");
  const atClose = server.asked.length;
  expect(of("n")).toBe(4);
  await until("the next cell asks", () => of("m") > 0);
  host.child.kill("SIGUSR2");
  expect(server.asked.filter((name) => name.startsWith("n"))).toHaveLength(atClose);
  await host.heard("done");
  const [asked, done] = [server.asked.length, performance.now()];
  expect(await host.ended()).toEqual({ code: 0, signal: null });
  expect(performance.now() - done).toBeLessThan(1500);
  expect(server.asked).toHaveLength(asked);
});

test("a host's own resolver that never answers holds neither its cell's end nor the host's", async () => {
  using host = startHost(`
    const lookup = (name) => new Promise(() => {});
    const supervisor = new Supervisor({ policy: ${POLICY}, pool: 0, lookup });
    const cell = await supervisor.spawn("waits");
    const call = cell.exec("fetch('http://name.test/')").catch((error) => error.name);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await supervisor.close();
    say({ call: await call });
  `);
  expect(await host.heard("call")).toBe("ClosedError");
  const done = performance.now();
  expect(await host.ended()).toEqual({ code: 0, signal: null });
  expect(performance.now() - done).toBeLessThan(1500);
});

test("a host that has done its work ends by itself while a guest's names are silent", async () => {
  await using server = await serveNames(() => "silence");
  using host = startHost(`
    import { systemLookup } from ${JSON.stringify(MODULE)};
    const lookup = systemLookup({ servers: [${JSON.stringify(server.address)}], resolvConf: "/nowhere" });
    const supervisor = new Supervisor({ policy: ${POLICY}, pool: 0, lookup });
    const cell = await supervisor.spawn("goes on");
    await cell.exec("fetch('http://one.test/').catch(() => {}); fetch('http://two.test/').catch(() => {}); 1");
    // Not closed: that would cancel them.
    setTimeout(() => say({ done: true }), 500);
  `);
  await host.heard("done");
  const done = performance.now();
  expect(new Set(server.asked)).toEqual(new Set(["one.test", "two.test"]));
  expect(await host.ended()).toEqual({ code: 0, signal: null });
  expect(performance.now() - done).toBeLessThan(1500);
});

test("a host waits for the answer that a call waits for, however long it takes", async () => {
  await using server = await serveNames(async (): Promise<DnsAnswer> => {
    await new Promise((resolve) => {
      setTimeout(resolve, 1200);
    });
    return "NXDOMAIN";
  });
  using host = startHost(`
    import { systemLookup } from ${JSON.stringify(MODULE)};
    const lookup = systemLookup({ servers: [${JSON.stringify(server.address)}], resolvConf: "/nowhere" });
    const supervisor = new Supervisor({ policy: ${POLICY}, pool: 0, lookup });
    const cell = await supervisor.spawn("waits");
    say({ code: await cell.exec("fetch('http://late.test/').catch((error) => error.code)") });
  `);
  expect(await host.heard("code")).toBe("ENOTFOUND");
  expect(await host.ended()).toEqual({ code: 0, signal: null });
});
