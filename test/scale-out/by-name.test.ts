import {
  BUILD_TIMEOUT_MS,
  freePorts,
  readLogFile,
  serversForTest,
  startCollector,
} from "@pyisolate/stack";
import { expect, test } from "vitest";

import { temporaryFolder } from "../faults/folder.ts";
import { startService } from "../faults/service.ts";
import { until } from "../faults/until.ts";
import { waitingAt } from "./hosts.ts";
import { accountAtStore, startLogStore } from "./log-store.ts";
import { mayName, whereNamed } from "./own-hosts.ts";
import { agent, gateway } from "./tiers.ts";

test(
  "gateways that have one name: when one is killed, all records go to the other at once, and none waits",
  { timeout: BUILD_TIMEOUT_MS },
  async (context) => {
    if (!(await mayName())) context.skip("this user may not give a name two addresses");
    const { otelcol: binary } = await serversForTest(context);
    await using store = await startLogStore(context);
    const directory = await temporaryFolder();
    const tiers = { binary, directory, store: store.otlpEndpoint };
    const addresses = ["127.0.0.1", "127.0.0.2"];
    const [port = 0] = await freePorts(1);
    const [one, two] = await Promise.all(
      addresses.map(async (address, index) => {
        const settings = await gateway(`gateway-${index}`, tiers);
        const env = { OTELCOL_OTLP_GRPC_ENDPOINT: `${address}:${port}` };
        return await startCollector({ ...settings, env });
      }),
    );
    if (one === undefined || two === undefined) throw new TypeError("unreachable");
    await using killed = one;
    await using other = two;
    await using front = await startCollector({
      ...(await agent(
        "agent",
        {
          OTELCOL_GATEWAYS_NAME: `gateways.test:${port}`,
          OTELCOL_AGENT_LOGS_EXPORTERS: "[file, otlp_grpc/gateways]",
        },
        tiers,
      )),
      binary: await whereNamed("gateways.test", addresses, binary, directory),
    });

    const service = startService({ endpoint: front.otlpEndpoint });
    const inFiles = async () => {
      service.deny(1);
      const files = await Promise.all([killed, other].map(({ logFile }) => readLogFile(logFile)));
      return files.map(({ logs }) => logs.length);
    };
    await until("records at both", inFiles, (counts) => counts.every((count) => count > 0));
    await killed.kill();
    service.deny(500);
    await service.otel.flush();
    const atAgent = () => waitingAt([front], "otlp_grpc/gateways");
    // It has not been started again.
    await until("records that wait at the agent", atAgent, (bytes) => bytes === 0);
    expect(await service.end()).toMatchObject({ lost: {}, waiting: 0 });

    await until("records that wait at the agent", atAgent, (bytes) => bytes === 0);
    const settings = await gateway("gateway-0", tiers);
    // What it had accepted is in its own queue.
    await using again = await startCollector({ ...settings, ports: killed.ports });
    const atGateways = () => waitingAt([again, other], "otlp_http/store");
    await until("records that wait at the gateways", atGateways, (bytes) => bytes === 0);
    const { residual } = await accountAtStore("gateway killed, by name", service.denied, store);
    expect(residual).toBe(0);
  },
);
