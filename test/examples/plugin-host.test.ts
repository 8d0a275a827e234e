import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

import { afterAll, beforeAll, expect, test } from "vitest";

import { ROOT } from "../tarballs.ts";

// The plugin host of the examples: a real server, asked over loopback.

const HANDLER = `
let calls = 0;
globalThis.handle = async ({ method, path, query, body }) => {
  calls += 1;
  if (path === "keep") return await tools.notes.put({ key: query.key, text: body.text });
  if (path === "kept") return await tools.notes.get(query.key).catch(({ name, code }) => ({ name, code }));
  if (path === "read") return require("node:fs").readFileSync("/etc/hostname", "utf8");
  if (path === "loop") for (;;);
  return { method, path, calls };
};`;

const rules = [
  { id: "std", effect: "allow", capability: "import", modules: ["node:fs"] },
  { id: "notes", effect: "allow", capability: "tool", tools: ["notes.*"] },
];
const policy = (...more: object[]) => ({
  version: 1,
  name: "tenant",
  rules: [...rules, ...more],
  limits: { cpu_ms: 1000 },
});

let host: ChildProcess;
let url = "";

beforeAll(async () => {
  host = spawn(process.execPath, ["plugin-host.ts"], {
    cwd: path.join(ROOT, "examples"),
    env: { PORT: "0", ADMIN_TOKEN: "s3cret" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: host.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, "line")) as [string];
  url = line;
});

afterAll(async () => {
  const ended = once(host, "exit");
  host.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

async function ask(
  where: string,
  init: RequestInit = {},
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(url + where, init);
  const text = await answer.text();
  const isJson = answer.headers.get("content-type")?.includes("json") === true;
  return { status: answer.status, body: isJson ? (JSON.parse(text) as unknown) : text };
}

const put = async (where: string, body: unknown, token = "s3cret") =>
  await ask(where, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("tenants' handlers answer requests, call functions of the host, and see nothing of each other", async () => {
  for (const tenant of ["a", "b"])
    expect(await put(`/plugins/${tenant}`, { source: HANDLER, policy: policy() })).toMatchObject({
      status: 204,
    });
  expect(await ask("/a/hello?x=1")).toEqual({
    status: 200,
    body: { method: "GET", path: "hello", calls: 1 },
  });
  await put("/a/keep?key=k", { text: "of a" });
  expect(await ask("/a/kept?key=k")).toEqual({ status: 200, body: "of a" });
  expect(await ask("/b/kept?key=k")).toEqual({
    status: 200,
    body: { name: "ToolError", code: "NOT_FOUND" },
  });
  expect((await ask("/c/hello")).status).toBe(404);
});

test("what a policy does not grant is a denial, with its id and on /metrics", async () => {
  expect(await ask("/a/read")).toEqual({
    status: 403,
    body: { error: "denied", denial: expect.stringMatching(/^[0-9a-f]+-\d+$/) as unknown },
  });
  const { body } = await ask("/metrics");
  expect(body).toMatch(/pyisolate_denials_total\{.*pyisolate_cell="a".*\} 1/);
});

test("a policy is reloaded for one tenant, with its token alone", async () => {
  const hostname = { id: "h", effect: "allow", capability: "filesystem", paths: ["/etc/hostname"] };
  expect(await put("/plugins/b/policy", policy(hostname), "wrong")).toMatchObject({ status: 403 });
  expect((await ask("/b/read")).status).toBe(403);
  expect(await put("/plugins/b/policy", policy(hostname))).toMatchObject({ status: 204 });
  expect((await ask("/a/read")).status).toBe(403);
  expect(await put("/plugins/b/policy", { version: 2 })).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining("Invalid policy") as unknown },
  });
});

test("a plugin is replaced while the host runs, and one that does not start replaces none", async () => {
  const next = `globalThis.handle = () => ({ version: 2 });`;
  expect(
    (await put("/plugins/a", { source: "throw new Error('no')", policy: policy() })).status,
  ).toBe(500);
  expect((await ask("/a/hello")).body).toMatchObject({ method: "GET" });
  expect((await put("/plugins/a", { source: next, policy: policy() })).status).toBe(204);
  expect((await ask("/a/hello")).body).toEqual({ version: 2 });
});

test("a plugin that ends at a limit starts again with the next request", async () => {
  expect((await ask("/b/loop")).status).toBe(403);
  expect((await ask("/b/hello")).body).toMatchObject({ calls: 1 });
});
