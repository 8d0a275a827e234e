import { setTimeout as sleep } from "node:timers/promises";

import {
  BUILD_TIMEOUT_MS,
  readLogFile,
  serversForTest,
  startCollector,
  type SkippableTest,
} from "@pyisolate/stack";
import { expect, test } from "vitest";

import { temporaryFolder } from "../faults/folder.ts";
import { until } from "../faults/until.ts";
import { startServices, waitingAt } from "./hosts.ts";
import { accountAtStore, startLogStore } from "./log-store.ts";
import { seriesOf } from "./series.ts";
import { gateway, startAgent, type Tiers } from "./tiers.ts";

const DENIALS = "pyisolate_denials_total";

async function tiersFor(context: SkippableTest, store: string): Promise<Tiers> {
  const { otelcol: binary } = await serversForTest(context);
  return { binary, directory: await temporaryFolder(), store };
}

test(
  "two agents, two gateways, one of each killed in mid-stream: no record is lost, no series is at both",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    await using store = await startLogStore(context);
    const tiers = await tiersFor(context, store.otlpEndpoint);
    const settings = await gateway("gateway-0", tiers);
    const killed = await startCollector(settings);
    await using other = await startCollector(await gateway("gateway-1", tiers));
    await using agent0 = await startAgent("agent-0", [killed, other], tiers);
    const agent1 = await startAgent("agent-1", [killed, other], tiers);
    const agents = [agent0, agent1];

    const services = startServices(agents);
    const denying = Promise.all(services.map((service) => service.denyFor(4000, 2)));
    await sleep(1000);
    await killed.kill();
    const atAgents = () => waitingAt(agents, "load_balancing/logs");
    const denyMore = () => {
      for (const service of services) service.deny(1);
      return atAgents();
    };
    await until("records that wait at the agents", denyMore, (bytes) => bytes > 0);
    await sleep(1000);
    await agent1.kill();
    await using again = await startCollector({ ...settings, ports: killed.ports });
    await using agent1Again = await startAgent("agent-1", [again, other], tiers, agent1.ports);
    agents[1] = agent1Again;
    await denying;
    const ended = await Promise.all(services.map((service) => service.end()));
    for (const { lost, waiting } of ended)
      expect({ lost, waiting }).toEqual({ lost: {}, waiting: 0 });
    const denied = services.reduce((sum, service) => sum + service.denied, 0);
    await until("records that wait at the agents", atAgents, (bytes) => bytes === 0);
    const gateways = [again, other];
    const atGateways = () => waitingAt(gateways, "otlp_http/store");
    await until("records that wait at the gateways", atGateways, (bytes) => bytes === 0);

    expect(await accountAtStore("gateway killed", denied, store)).toMatchObject({ residual: 0 });
    for (const { logFile } of gateways) {
      expect((await readLogFile(logFile)).logs.length).toBeGreaterThan(0);
    }

    const scraped = () =>
      Promise.all(gateways.map(({ prometheusEndpoint }) => seriesOf(prometheusEndpoint, DENIALS)));
    const [here = new Map(), there = new Map()] = await until(
      "the counters at the gateways",
      scraped,
      (both) =>
        both.flatMap((series) => [...series.values()]).reduce((a, b) => a + b, 0) === denied,
    );
    expect(here.size).toBeGreaterThan(0);
    expect(there.size).toBeGreaterThan(0);
    expect([...here.keys()].filter((series) => there.has(series))).toEqual([]);
  },
);

test(
  "a gateway that does not come back: agents that are started without it send what waited for it to the other",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    await using store = await startLogStore(context);
    const tiers = await tiersFor(context, store.otlpEndpoint);
    const settings = await gateway("gateway-0", tiers);
    const gone = await startCollector(settings);
    await using other = await startCollector(await gateway("gateway-1", tiers));
    const before = await Promise.all(
      ["agent-0", "agent-1"].map((name) => startAgent(name, [gone, other], tiers)),
    );
    const services = startServices(before);
    const denying = Promise.all(services.map((service) => service.denyFor(2000, 2)));
    await sleep(500);
    await gone.kill();
    const denyMore = () => {
      for (const service of services) service.deny(1);
      return waitingAt(before, "load_balancing/logs");
    };
    await until("records that wait at the agents", denyMore, (bytes) => bytes > 0);
    await Promise.all(before.map((agent) => agent.stop()));
    const [{ ports: ports0 }, { ports: ports1 }] = before as [
      (typeof before)[0],
      (typeof before)[0],
    ];
    await using agent0 = await startAgent("agent-0", [other], tiers, ports0);
    await using agent1 = await startAgent("agent-1", [other], tiers, ports1);
    await denying;
    const ended = await Promise.all(services.map((service) => service.end()));
    for (const { lost, waiting } of ended)
      expect({ lost, waiting }).toEqual({ lost: {}, waiting: 0 });
    const denied = services.reduce((sum, service) => sum + service.denied, 0);
    await until(
      "records that wait at the agents",
      () => waitingAt([agent0, agent1], "load_balancing/logs"),
      (bytes) => bytes === 0,
    );
    // What it had accepted is in its own queue, on its disk.
    await using back = await startCollector({ ...settings, ports: gone.ports });
    await until(
      "records that wait at the gateways",
      () => waitingAt([back, other], "otlp_http/store"),
      (bytes) => bytes === 0,
    );
    expect(await accountAtStore("gateway gone", denied, store)).toMatchObject({ residual: 0 });
  },
);
