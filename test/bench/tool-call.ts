import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import { median, pairedRatio, sideBySide } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";

const BARE = fileURLToPath(new URL("bare-tool.mjs", import.meta.url));

const POLICY = {
  version: 1,
  name: "bench",
  rules: [{ id: "crm", effect: "allow", capability: "tool", tools: ["crm.*"] }],
  limits: { cpu_ms: 60_000, wall_ms: 60_000 },
};

/** What guests call: it answers with what it was given, as soon as it can. */
const lookup = async (args: unknown): Promise<unknown> => await Promise.resolve(args);

/** A guest's call of a host's function, against the same value sent to a host and back with nothing between. */
export async function toolCall(rounds: number): Promise<Figure[]> {
  const tools = { "crm.lookup": lookup };
  await using bare = await BareTool.start();
  await using supervisor = new Supervisor({ policy: POLICY, pool: 0, tools });
  await using cell = await supervisor.spawn("bench");
  const names = ["bare round trip of a value", "a tool's round trip"] as const;
  const samples = await sideBySide(
    [
      { name: names[0], run: async (times) => await bare.roundTrips(times) },
      { name: names[1], run: async (times) => await calls(cell, times) },
    ],
    { rounds, times: 1000 },
  );
  const of = (name: string): number[] => samples.get(name) ?? [];
  printMedians(
    "A host function that a guest awaits",
    new Map(names.map((name) => [name, median(of(name)) / 1000])),
    "us",
  );
  return [
    {
      what: "a tool's round trip / a bare round trip of the value",
      value: pairedRatio(of(names[1]), of(names[0])),
      unit: "x",
      target: 1.3,
    },
  ];
}

/** Nanoseconds of one call, by the guest's own loop. */
async function calls(cell: Sandbox, times: number): Promise<number> {
  const start = process.hrtime.bigint();
  await cell.exec(
    `for (let i = 0; i < ${times}; i++) await tools.crm.lookup({ id: i, name: "a person" });`,
  );
  return Number(process.hrtime.bigint() - start) / times;
}

/** The yardstick's process, and a host that answers it. */
class BareTool implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #control: Duplex;
  #unread = Buffer.alloc(0);

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#control = child.stdio[4] as Duplex;
    const channel = child.stdio[3] as Duplex;
    channel.on("data", (chunk: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      while (this.#unread.length >= 4) {
        const end = 4 + this.#unread.readUInt32LE(0);
        if (this.#unread.length < end) return;
        const value: unknown = deserialize(this.#unread.subarray(4, end));
        this.#unread = this.#unread.subarray(end);
        void lookup(value).then((answer) => channel.write(framed(answer)));
      }
    });
  }

  static async start(): Promise<BareTool> {
    const child = spawn(process.execPath, ["--no-node-snapshot", BARE], {
      cwd: "/",
      env: { OPENSSL_CONF: "" },
      // In a session of its own, as a cell is: Linux schedules by session.
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "pipe", "pipe"],
    });
    const bare = new BareTool(child);
    await once(bare.#control, "data");
    return bare;
  }

  /** Nanoseconds of one round trip. */
  async roundTrips(times: number): Promise<number> {
    this.#control.write(String(times));
    const [chunk] = (await once(this.#control, "data")) as [Buffer];
    return Number(chunk.toString());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, "exit");
  }
}

function framed(value: unknown): Buffer {
  const body = serialize(value);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}
