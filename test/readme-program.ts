import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { ROOT } from "./tarballs.ts";

/** What the README tells a new user to run: its first `ts` block, and its first `yaml` block as policy.yaml. */
export async function readmeProgram(): Promise<{ program: string; policy: string }> {
  const file = path.join(ROOT, "README.md");
  if (!existsSync(file)) return { program: PROGRAM, policy: POLICY };
  const readme = await readFile(file, "utf8");
  const program = firstBlock(readme, "ts");
  if (program === undefined) throw new Error("README.md has no `ts` block");
  return { program, policy: firstBlock(readme, "yaml") ?? POLICY };
}

function firstBlock(markdown: string, language: string): string | undefined {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(markdown)?.[1];
}

const POLICY = `version: 1
name: plugins
rules:
  - { id: data, effect: allow, capability: filesystem, operations: [read, list], paths: ["/srv/data/**"] }
  - { id: std, effect: allow, capability: import, modules: ["node:fs"] }
`;

/** The pinned program, for as long as there is no README. */
const PROGRAM = `import { loadPolicy, PolicyError } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

await using otel = startTelemetry({ serviceName: "plugins" });
await using denials = createDenialRecorder();
const policy = await loadPolicy("policy.yaml");
await using supervisor = new Supervisor({ policy, denials, token: "s3cret", kernel: "off" });
await using cell = await supervisor.spawn("tenant-a");

console.log(await cell.exec("1 + 1"));
try {
  await cell.exec('require("node:fs").readFileSync("/etc/shadow")');
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  console.log(error.message);
}
console.log(cell.denialEvents().length, cell.stats.denials, denials.ledger().denied);
`;
