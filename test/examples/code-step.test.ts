import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { ROOT } from "../tarballs.ts";

/** Runs the example with a step's code, and gives what it prints. */
async function step(code: string, items: unknown = []): Promise<unknown> {
  const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-step-"));
  try {
    const file = path.join(folder, "step.js");
    await writeFile(file, code);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["code-step.ts", file, JSON.stringify(items)],
      { cwd: path.join(ROOT, "examples") },
    );
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test.each<[string, string, unknown]>([
  [
    "gives its items to the next one",
    "return items.map(({ price }) => ({ total: price * 2 }))",
    { items: [{ total: 6 }, { total: 8 }] },
  ],
  [
    "may wait",
    "const late = await new Promise((resolve) => setTimeout(resolve, 10, items.length));\nreturn [late]",
    { items: [2] },
  ],
  [
    "that fails is shown with its line",
    "const first = items[0];\n\nreturn first.name.toUpperCase()",
    {
      problem: expect.stringMatching(
        /^TypeError: .*\n {2}line 3: return first\.name\.toUpperCase\(\)$/,
      ) as unknown,
    },
  ],
  [
    "may do nothing that is not granted",
    "return await fetch('http://127.0.0.1:1/')",
    {
      problem:
        "The step may not do this: network connect:127.0.0.1:1\n  line 1: return await fetch('http://127.0.0.1:1/')",
    },
  ],
  ["ends at its time", "await new Promise(() => {})", { problem: "The step took too long." }],
])("a step %s", async (_what, code, wanted) => {
  expect(await step(code, [{ price: 3 }, { price: 4 }])).toEqual(wanted);
});
