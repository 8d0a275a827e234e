import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterAll, beforeAll, expect, test } from "vitest";

import { ROOT } from "../tarballs.ts";

// The MCP server of the examples, with the real client over standard input and output.

const client = new Client({ name: "test", version: "1.0.0" });
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "pyisolate-mcp-"));
  await writeFile(path.join(folder, "numbers.json"), "[1, 2, 3]");
  const policy = path.join(folder, "policy.yaml");
  await writeFile(
    policy,
    `version: 1
name: mcp
rules:
  - { id: std, effect: allow, capability: import, modules: ["node:fs"] }
  - { id: data, effect: allow, capability: filesystem, operations: [read], paths: ["${folder}/*.json"] }
limits: { cpu_ms: 1000, wall_ms: 60000 }
`,
  );
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: ["mcp-server.ts", policy],
      cwd: path.join(ROOT, "examples"),
    }),
  );
});

afterAll(async () => {
  await client.close();
  await rm(folder, { recursive: true });
});

async function run(source: string): Promise<{ text: string; isError: boolean }> {
  const result = await client.callTool({ name: "run_javascript", arguments: { source } });
  const [content] = result.content as { text: string }[];
  return { text: content?.text ?? "", isError: result.isError === true };
}

test("the server offers one tool, which runs programs in one session", async () => {
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(["run_javascript"]);
  expect(await run("globalThis.n = 20; [n + 1, { a: 'b' }]")).toEqual({
    text: "[ 21, { a: 'b' } ]",
    isError: false,
  });
  expect((await run("n + 2")).text).toBe("22");
  const file = JSON.stringify(path.join(folder, "numbers.json"));
  const sum = `JSON.parse(require("node:fs").readFileSync(${file}, "utf8")).reduce((a, b) => a + b)`;
  expect((await run(sum)).text).toBe("6");
});

test("a denial goes back to the model with its id, and with what would have been allowed", async () => {
  const { text, isError } = await run(`require("node:fs").readFileSync("/etc/shadow")`);
  expect(isError).toBe(true);
  expect(text).toMatch(
    /^Denied: filesystem read:\/etc\/shadow \(outside_scope\)\. Denial [0-9a-f]+-1\. Allowed is read: \S+\/\*\.json\.$/,
  );
  expect((await run("fetch('http://example.com')")).text).toMatch(
    /Allowed is nothing of this kind/,
  );
});

test("a program's own error goes back with its place in it", async () => {
  const { text, isError } = await run("const a = 1;\nnull.x");
  expect(isError).toBe(true);
  expect(text).toMatch(/^TypeError: .*\n.*guest\.js:2/);
});

test("a program without an end costs the session its state, and no more", async () => {
  const { text, isError } = await run("globalThis.kept = 1; for (;;);");
  expect(isError).toBe(true);
  expect(text).toMatch(/^Denied: limit cpu.*The session's state is gone\.$/);
  expect((await run("typeof kept")).text).toBe("'undefined'");
});
