import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { describe, expect, test } from "vitest";

import { nodePermissionDenial, recordNodePermission } from "../index.ts";
import { createTestRecorder } from "../testing.ts";

const ROOT = path.join(import.meta.dirname, "../../../..");

/** Runs a program in a process of its own, with these flags; it may read this repository. The events that it recorded. */
async function eventsOf(flags: readonly string[], attempts: string): Promise<unknown> {
  const program = `
    import fs from "node:fs";
    import { spawn, execFileSync } from "node:child_process";
    import { Worker } from "node:worker_threads";
    import { recordNodePermission } from "@pyisolate/telemetry";
    import { createTestRecorder } from "@pyisolate/telemetry/testing";
    const denials = createTestRecorder();
    const source = recordNodePermission(denials, { cell: "uploads" });
    const attempt = async (act) => { try { await act(); } catch (error) { if (error.code !== "ERR_ACCESS_DENIED") console.error(error); } };
    ${attempts}
    console.log(JSON.stringify({ mode: source.mode, events: denials.denials }));
  `;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...flags, `--allow-fs-read=${ROOT}`, "--input-type=module", "--eval", program],
    { cwd: path.join(ROOT, "examples"), timeout: 25_000 },
  );
  expect(stderr).toBe("");
  return JSON.parse(stdout) as unknown;
}

const ATTEMPTS = `
  await attempt(() => fs.readFileSync("/etc/hosts"));
  await attempt(() => fs.promises.readFile("../../../../../../../../../etc/hosts"));
  await attempt(() => fs.existsSync("/etc/group"));
`;

describe("Node's own permission model", () => {
  test("is recorded, each refusal once, and says that neither broker nor kernel decided", async () => {
    const told = await eventsOf(
      ["--permission"],
      `${ATTEMPTS}
      await attempt(() => fs.writeFileSync("/nowhere/hosts", ""));
      await attempt(() => execFileSync("/bin/true"));
      await attempt(() => new Promise((_, reject) => spawn("true").on("error", reject)));
      await attempt(() => new Worker("0", { eval: true }));
      await attempt(() => fs.lstatSync("/etc/hostname"));`,
    );
    const event = (capability: string, operation: string, target: string): object => ({
      cell: "uploads",
      capability,
      operation,
      target,
      policy_rule: "node.permission",
      policy_name: "node --permission",
      reason: "no_rule",
      broker_decision: "not_evaluated",
      kernel_decision: "not_evaluated",
      kernel_evidence: null,
      enforced: true,
    });
    expect(told).toMatchObject({
      mode: "enforced",
      events: [
        event("filesystem", "read", "/etc/hosts"),
        event("filesystem", "read", "/etc/hosts"),
        event("filesystem", "read", "/etc/group"),
        event("filesystem", "write", "/nowhere/hosts"),
        event("subprocess", "exec", "/bin/true"),
        event("subprocess", "exec", "true"),
        event("node", "worker", ""),
        event("filesystem", "read", "/etc/hostname"),
      ],
    });
  });

  test("that only audits has let it happen, and its events say so", async () => {
    const told = await eventsOf(["--permission-audit"], ATTEMPTS);
    const target = "/etc/hosts";
    expect(told).toMatchObject({
      mode: "audited",
      events: [
        { target, enforced: false, policy_name: "node --permission-audit" },
        { target, enforced: false },
        { target: "/etc/group", enforced: false },
      ],
    });
  });

  test("asked by the program what it may has refused nothing", async () => {
    const told = await eventsOf(
      ["--permission"],
      `process.permission.has("fs.read", "/etc/hosts");
      const may = () => process.permission.has("child");
      may();
      await attempt(() => may());`,
    );
    expect(told).toEqual({ mode: "enforced", events: [] });
  });

  test("that is off is told", () => {
    using source = recordNodePermission(createTestRecorder(), { cell: "uploads" });
    expect(source.mode).toBe("off");
  });
});

describe("the event of one refusal", () => {
  const cell = "uploads";

  test("can be made of the error that a program catches", () => {
    const error = Object.assign(new Error("restricted"), {
      code: "ERR_ACCESS_DENIED",
      permission: "FileSystemWrite",
      resource: "data/../x",
    });
    expect(nodePermissionDenial(error, { cell })).toMatchObject({
      capability: "filesystem",
      operation: "write",
      target: path.resolve("x"),
    });
  });

  test("of a permission that is not known yet is not a built-in capability's", () => {
    const refusal = { permission: "Clock", resource: "a\u202Eb" };
    expect(nodePermissionDenial(refusal, { cell })).toMatchObject({
      capability: "node",
      operation: "other",
      target: "a\\u{202e}b",
    });
  });

  test.each([
    undefined,
    "FileSystemRead",
    new Error("another"),
    Object.assign(new Error("gone"), {
      code: "ENOENT",
      permission: "FileSystemRead",
      resource: "/",
    }),
    { permission: "FileSystemRead" },
    { permission: "FileSystemRead", resource: "/", drop: true },
  ])("is not made of %s", (value) => {
    expect(nodePermissionDenial(value, { cell })).toBeUndefined();
  });

  test.each([
    [{}, 'needs a cell, such as { cell: "uploads" }'],
    [{ cel: "x" }, "unknown option cel; did you mean cell?"],
    [{ cell: "x", audit: "yes" }, "audit must be true or false"],
  ])("with the options %j is a TypeError", (options, message) => {
    expect(() => nodePermissionDenial(undefined, options as never)).toThrow(message);
    expect(() => recordNodePermission(createTestRecorder(), options as never)).toThrow(message);
  });
});
