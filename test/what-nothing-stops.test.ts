import {
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";

import { Supervisor } from "@pyisolate/sandbox-core";
import { expect, onTestFinished, test } from "vitest";

import { policyOf, until } from "../packages/sandbox-core/src/testing/cells.ts";
import { grounds } from "../packages/sandbox-core/src/testing/granted.ts";
import { taken } from "../packages/sandbox-core/src/testing/taken.ts";

// The README's table has a column for what neither layer stops. Here each such line is tried: the broker refuses it to a guest that
// asks, and code that has got out of its isolate does it all the same, in a cell that Linux confines.

/** What native code in a confined cell does, by its own word; the test looks at the effect. */
async function asNativeCode(
  policy: object,
  folder: string,
  program: string,
): Promise<Record<string, unknown>> {
  const [go, said] = [path.join(folder, "go"), path.join(folder, "said")];
  using copy = await taken(`
    const fs = require("node:fs");
    const tried = async (act) => { try { return await act(); } catch (error) { return error.errno ?? String(error); } };
    ready();
    once(${JSON.stringify(go)}, async () => {
      const outcomes = {};
      ${program}
      fs.writeFileSync(${JSON.stringify(said)}, JSON.stringify(outcomes));
    });
  `);
  await using supervisor = new copy.Supervisor({ policy, pool: 0, kernel: "require" });
  await supervisor.spawn("taken");
  writeFileSync(go, "");
  const outcomes = (): Record<string, unknown> | undefined => {
    try {
      return JSON.parse(readFileSync(said, "utf8")) as Record<string, unknown>;
    } catch {
      return undefined;
    }
  };
  await until("it has been tried", () => outcomes() !== undefined);
  return outcomes() ?? {};
}

/** What a guest is told that asks for the same. */
async function asGuest(policy: object, call: string): Promise<unknown> {
  await using supervisor = new Supervisor({ policy, pool: 0, kernel: "require" });
  await using cell = await supervisor.spawn("guest");
  return await cell.exec(
    `const fs = require("fs"); let out; try { out = await (${call}); } catch (error) { out = error.message; } await 0; out`,
  );
}

test("native code reads what the plan cannot tell from what is granted: a pattern in the middle, a deny below an allow", async () => {
  using ground = grounds();
  const tree = path.join(ground.outside, "tree/a");
  mkdirSync(tree, { recursive: true });
  mkdirSync(path.join(ground.granted, "denied"));
  const [pattern, denied, elsewhere] = [
    path.join(tree, "other.txt"),
    path.join(ground.granted, "denied/file"),
    path.join(ground.outside, "file"),
  ];
  for (const file of [pattern, denied, elsewhere]) writeFileSync(file, "content");
  const link = path.join(ground.granted, "link");
  symlinkSync(elsewhere, link);
  const reads = { capability: "filesystem", operations: ["read"] };
  const policy = policyOf([
    ground.rule,
    { id: "no", effect: "deny", ...reads, paths: [`${ground.granted}/denied/**`] },
    { id: "p", effect: "allow", ...reads, paths: [`${ground.outside}/tree/*/open.txt`] },
  ]);
  const read = (file: string): string => `fs.readFileSync(${JSON.stringify(file)}, "utf8")`;
  expect([
    await asGuest(policy, read(pattern)),
    await asGuest(policy, read(denied)),
    await asGuest(policy, read(elsewhere)),
    await asGuest(policy, read(link)),
  ]).toEqual([
    "filesystem denied (outside_scope)",
    "filesystem denied (explicit_deny)",
    "filesystem denied (outside_scope)",
    "filesystem denied (outside_scope)",
  ]);
  expect(
    await asNativeCode(
      policy,
      ground.granted,
      `outcomes.pattern = await tried(() => ${read(pattern)});
       outcomes.denied = await tried(() => ${read(denied)});
       outcomes.elsewhere = await tried(() => ${read(elsewhere)});
       outcomes.link = await tried(() => ${read(link)});`,
    ),
  ).toEqual({ pattern: "content", denied: "content", elsewhere: -13, link: -13 });
});

test("native code learns of any file that it is there, how long it is and from when", async () => {
  using ground = grounds();
  const file = path.join(ground.outside, "file");
  writeFileSync(file, "content");
  const policy = policyOf([ground.rule]);
  const size = `fs.statSync(${JSON.stringify(file)}).size`;
  expect(await asGuest(policy, size)).toBe("filesystem denied (outside_scope)");
  expect(
    await asNativeCode(
      policy,
      ground.granted,
      `outcomes.size = await tried(() => ${size});
       outcomes.content = await tried(() => fs.readFileSync(${JSON.stringify(file)}, "utf8"));`,
    ),
  ).toEqual({ size: 7, content: -13 });
});

test("native code reaches any host at a port that is granted for one", async () => {
  using ground = grounds();
  let arrived = 0;
  const server = createServer((socket) => {
    arrived += 1;
    socket.destroy();
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.2"), "listening");
  const { port } = server.address() as AddressInfo;
  const other = createServer((socket) => void socket.destroy());
  onTestFinished(() => void other.close());
  await once(other.listen(0, "127.0.0.2"), "listening");
  const { port: notGranted } = other.address() as AddressInfo;
  const policy = policyOf([
    ground.rule,
    { id: "n", effect: "allow", capability: "network", hosts: [`127.0.0.1:${port}`] },
  ]);
  expect(await asGuest(policy, `fetch("http://127.0.0.2:${port}/")`)).toBe(
    "network denied (outside_scope)",
  );
  expect(arrived).toBe(0);
  const connect = (to: number): string =>
    `new Promise((resolve, reject) => require("node:net").connect(${to}, "127.0.0.2").on("connect", () => resolve("connected")).on("error", reject))`;
  expect(
    await asNativeCode(
      policy,
      ground.granted,
      `outcomes.host = await tried(() => ${connect(port)});
       outcomes.port = await tried(() => ${connect(notGranted)});`,
    ),
  ).toEqual({ host: "connected", port: -13 });
  await until("it has arrived", () => arrived === 1);
});

test("where commands are granted, native code sets the modes and times of the user's own files", async () => {
  using ground = grounds();
  const file = path.join(ground.outside, "file");
  writeFileSync(file, "content", { mode: 0o600 });
  const chmod = `outcomes.mode = await tried(() => { fs.chmodSync(${JSON.stringify(file)}, 0o644); return "set"; });`;
  expect(await asNativeCode(policyOf([ground.rule]), ground.granted, chmod)).toEqual({
    mode: -129,
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  using second = grounds();
  const commands = { id: "c", effect: "allow", capability: "subprocess", commands: ["/bin/echo"] };
  expect(await asNativeCode(policyOf([second.rule, commands]), second.granted, chmod)).toEqual({
    mode: "set",
  });
  expect(statSync(file).mode & 0o777).toBe(0o644);
});

test("what the plan grants, native code does without asking, so that no record tells of it", async () => {
  using ground = grounds();
  const made = path.join(ground.granted, "made");
  expect(
    await asNativeCode(
      policyOf([ground.rule]),
      ground.granted,
      `outcomes.made = await tried(() => { fs.writeFileSync(${JSON.stringify(made)}, "x"); return "made"; });`,
    ),
  ).toEqual({ made: "made" });
  expect(readFileSync(made, "utf8")).toBe("x");
});

test("a granted command reads what the cell may read and what it needs to load, whatever the guest asks it for", async () => {
  using ground = grounds();
  const [granted, outside] = [path.join(ground.granted, "file"), path.join(ground.outside, "file")];
  for (const file of [granted, outside]) writeFileSync(file, "content");
  const cat = realpathSync("/bin/cat");
  const policy = policyOf([
    ground.rule,
    { id: "no", effect: "deny", capability: "filesystem", operations: ["read"], paths: [granted] },
    { id: "c", effect: "allow", capability: "subprocess", commands: [cat] },
  ]);
  const run = (file: string): string =>
    `require("child_process").execFileSync(${JSON.stringify(cat)}, [${JSON.stringify(file)}], { encoding: "utf8" })`;
  expect(await asGuest(policy, `fs.readFileSync(${JSON.stringify(granted)})`)).toBe(
    "filesystem denied (explicit_deny)",
  );
  expect(await asGuest(policy, run(granted))).toBe("content");
  // Where the plan does not reach, the kernel holds the command as it holds the cell.
  expect(await asGuest(policy, run(outside))).toMatch(/^Command failed/);
});
