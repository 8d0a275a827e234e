// Runs in a surrounding: starts cells there, and says what became of them.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import type { Account } from "./account.ts";

const POLICY = {
  version: 1,
  name: "surroundings",
  rules: [
    { id: "std", effect: "allow", capability: "import", modules: ["node:fs"] },
    // What every Linux has, and what no canary of the launcher is.
    {
      id: "own",
      effect: "allow",
      capability: "filesystem",
      operations: ["read"],
      paths: [`${import.meta.dirname}/**`],
    },
  ],
};

const warnings: string[] = [];
process.on("warning", ({ message }) => warnings.push(message));

const account: Account = {
  self: statusOf("self"),
  uid: process.getuid?.() ?? -1,
  processes: readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length,
  canWrite: canWrite(),
  prefer: await outcome("prefer"),
  require: await outcome("require"),
  warnings,
};
process.stdout.write(JSON.stringify(account));

async function outcome(kernel: "prefer" | "require"): Promise<Account["prefer"]> {
  try {
    await using supervisor = new Supervisor({ policy: POLICY, kernel, pool: 1 });
    await using cell = await supervisor.spawn("contained");
    // Warnings come a turn later.
    await sleep(0);
    const { pid } = cell;
    return {
      threads: distinct(
        readdirSync(`/proc/${pid}/task`).map((thread) => statusOf(`${pid}/task/${thread}`)),
      ),
      granted: (await read(cell, import.meta.filename)) === "a file",
      refused: String(await read(cell, "/etc/passwd")),
      kernelDecisions: cell.denialEvents().map(({ kernelDecision }) => kernelDecision),
    };
  } catch (error) {
    const { name, message } = error as Error;
    return { error: `${name}: ${message}` };
  }
}

async function read(cell: Sandbox, file: string): Promise<unknown> {
  return await cell.exec(
    `let out; try { out = require("node:fs").readFileSync(${JSON.stringify(file)}).length > 0 && "a file"; } catch (error) { out = error.message; } out`,
  );
}

function statusOf(of: string): Account["self"] {
  const text = readFileSync(`/proc/${of}/status`, "latin1");
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(text)?.[1] ?? "";
  return {
    noNewPrivs: field("NoNewPrivs"),
    seccomp: field("Seccomp"),
    capabilities: field("CapEff"),
  };
}

function distinct(all: readonly Account["self"][]): Account["self"][] {
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

function canWrite(): string {
  try {
    writeFileSync(path.join(tmpdir(), `pyisolate-${process.pid}`), "");
    return "yes";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "no";
  }
}
