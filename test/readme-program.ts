import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { ROOT } from "./tarballs.ts";

/**
 * What a new user runs: the README's first `ts` block, with its first `yaml` block as policy.yaml. What the README does
 * not show is taken from the example that it shows a copy of.
 */
export async function readmeProgram(): Promise<{ program: string; policy: string }> {
  const file = path.join(ROOT, "README.md");
  const readme = existsSync(file) ? await readFile(file, "utf8") : "";
  return {
    program: firstBlock(readme, "ts") ?? (await example("quickstart.ts")),
    policy: firstBlock(readme, "yaml") ?? (await example("policy.yaml")),
  };
}

function firstBlock(markdown: string, language: string): string | undefined {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(markdown)?.[1];
}

async function example(name: string): Promise<string> {
  return await readFile(path.join(ROOT, "examples", name), "utf8");
}
