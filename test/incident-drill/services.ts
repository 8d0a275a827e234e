import { spawn } from "node:child_process";
import { once } from "node:events";

import { PolicyError } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import { createDenialRecorder, denialEvent, type DenialEvent } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

import { flawedSandbox } from "../../tools/demo/flaws/flawed-sandbox.ts";
import { Surroundings } from "../surroundings/surrounding.ts";

function telemetry(serviceName: string, endpoint: string) {
  const otel = startTelemetry({ serviceName, endpoint, global: false });
  const { meterProvider, loggerProvider } = otel;
  return { otel, denials: createDenialRecorder({ meterProvider, loggerProvider }) };
}

const POLICY = {
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
};

/**
 * Runs the tenants' programs in cells. Its policy knows one address of the API, and there is another. One of its cells has a
 * broker with a fault, and a hole that native code gets out by; Linux confines that one like the others.
 */
export async function startPlugins(endpoint: string) {
  const { otel, denials } = telemetry("plugins", endpoint);
  const supervisor = new Supervisor({ policy: POLICY, denials, pool: 1 });
  const flawed = await flawedSandbox();
  const faulty = new flawed.Supervisor({ policy: POLICY, denials, kernel: "require", pool: 0 });
  const [scanner, shortOfARule] = [
    await supervisor.spawn("tenant-a"),
    await supervisor.spawn("tenant-b"),
  ];
  const betrayed = await faulty.spawn("tenant-d");
  return {
    denials,
    /** How many it knows of, of all cells. */
    get denied(): number {
      return supervisor.stats.denials + faulty.stats.denials;
    },
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
    /** Asks another host at the API's port, which is all that Linux knows of a host. */
    async callElsewhere(): Promise<void> {
      await shortOfARule.exec(`fetch("https://127.0.0.2:8443/").catch(() => {})`);
    },
    /** Asks for what nothing grants a broker that has forgotten what its rules grant. */
    async readPastTheBroker(): Promise<DenialEvent> {
      const error = await betrayed
        .exec(`require("node:fs").readFileSync("/etc/passwd")`)
        .catch((reason: unknown) => reason);
      if (!(error instanceof PolicyError)) throw new Error("it was not refused", { cause: error });
      return error.denialEvent;
    },
    /** Gets out of the isolate, and makes a system call that no cell makes. */
    escape(): void {
      process.kill(betrayed.pid, "SIGUSR2");
    },
    async [Symbol.asyncDispose]() {
      await supervisor.close();
      await faulty.close();
      flawed[Symbol.dispose]();
      await denials.shutdown();
      await otel.shutdown();
    },
  };
}

/** Runs cells in a container whose profile is older than Landlock, each as soon as it is told to. */
export async function startInOldContainer(endpoint: string) {
  const surroundings = new Surroundings();
  const [file, ...args] = surroundings.command({ profile: { newest: 441 } }, [
    "test/incident-drill/contained-service.ts",
    endpoint,
  ]);
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  const said = async (word: string) => {
    const [text] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    if (text.trim() !== word) throw new Error(`it said ${text} and not ${word}`);
  };
  await said("ready");
  return {
    /** Lets a guest be refused a file; returns when that has been recorded. */
    async deny(): Promise<void> {
      child.stdin.write("deny\n");
      await said("denied");
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.stdin.end();
      await exited;
      surroundings[Symbol.dispose]();
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
