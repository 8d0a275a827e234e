import { Supervisor } from "@pyisolate/sandbox-core";
import { createDenialRecorder, denialEvent, type DenialEvent } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

function telemetry(serviceName: string, endpoint: string) {
  const otel = startTelemetry({ serviceName, endpoint, global: false });
  const { meterProvider, loggerProvider } = otel;
  return { otel, denials: createDenialRecorder({ meterProvider, loggerProvider }) };
}

/** Runs the tenants' programs in cells. Its policy knows one address of the API, and there is another. */
export async function startPlugins(endpoint: string) {
  const { otel, denials } = telemetry("plugins", endpoint);
  const supervisor = new Supervisor({
    policy: {
      version: 1,
      name: "plugins",
      rules: [
        { id: "std", effect: "allow", capability: "import", modules: ["node:fs"] },
        { id: "dice", effect: "allow", capability: "random" },
        {
          id: "data",
          effect: "allow",
          capability: "filesystem",
          operations: ["read"],
          paths: ["/srv/**"],
        },
        {
          id: "api",
          effect: "allow",
          capability: "network",
          operations: ["connect"],
          hosts: ["127.0.0.1:8443"],
        },
      ],
    },
    denials,
    kernel: "off",
    pool: 1,
  });
  const [scanner, shortOfARule] = [
    await supervisor.spawn("tenant-a"),
    await supervisor.spawn("tenant-b"),
  ];
  return {
    supervisor,
    denials,
    async work(): Promise<void> {
      for (const cell of [scanner, shortOfARule]) await cell.exec("Math.random()");
    },
    /** Looks for whatever can be read. */
    async scan(files: number): Promise<void> {
      await scanner.exec(`
        const fs = require("node:fs");
        for (let n = 0; n < ${files}; n++) {
          try { fs.readFileSync("/etc/conf.d/" + n); } catch {}
        }`);
    },
    /** Asks the API where it has moved to. */
    async call(times: number): Promise<void> {
      await shortOfARule.exec(`
        (async () => {
          for (let n = 0; n < ${times}; n++) await fetch("https://127.0.0.1:9443/v2/items").catch(() => {});
        })()`);
    },
    async [Symbol.asyncDispose]() {
      await supervisor.close();
      await denials.shutdown();
      await otel.shutdown();
    },
  };
}

/** Has guards of its own, and a kernel that refuses one of the things that they let pass. */
export function startUploads(endpoint: string) {
  const { otel, denials } = telemetry("uploads", endpoint);
  return {
    denials,
    work(): void {
      denials.allowed("network");
    },
    connectRefused(): DenialEvent {
      const event = denialEvent({
        cell: "tenant-c",
        capability: "network",
        operation: "connect",
        target: "db.internal:5432",
        policyRule: "db",
        brokerDecision: "allow",
        kernelDecision: "deny",
        kernelEvidence: "audit",
        reason: "kernel",
      });
      denials.record(event);
      return event;
    },
    async [Symbol.asyncDispose]() {
      await denials.shutdown();
      await otel.shutdown();
    },
  };
}
