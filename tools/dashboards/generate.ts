// Writes packages/telemetry/dashboards/*.json and docs/questions.md anew: pnpm generate
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { generated } from "./src/generated.ts";

for (const { file, text } of generated()) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(file);
}
