import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { loadPolicy } from "@open-policy-agent/opa-wasm";

import type { Engine, Tenants } from "./engines.ts";

const OPA = "github.com/open-policy-agent/opa@v1.22.3";

/** Rules as data, asked in turn: OPA indexes rules of its language by equality, and none of these is one. */
const REGO = `package bench

default allow := false

allow if {
  some rule in data.rules
  input.operation in rule.operations
  startswith(input.target, rule.prefix)
  not endswith(input.target, "/.env")
}
`;

/** OPA compiled to WASM, with the opa that Go builds; undefined without Go. */
export async function opaEngine(): Promise<Engine | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "pyisolate-opa-"));
  const run = promisify(execFile);
  try {
    const env = { ...process.env, GOBIN: folder, CGO_ENABLED: "0" };
    process.stderr.write("building opa with Go (some minutes the first time) ...\n");
    await run("go", ["install", OPA], { env });
    await writeFile(join(folder, "bench.rego"), REGO);
    const bundle = join(folder, "bundle.tar.gz");
    await run(
      join(folder, "opa"),
      ["build", "-t", "wasm", "-e", "bench/allow", "-o", bundle, "bench.rego"],
      { cwd: folder },
    );
    await run("tar", ["-xzf", bundle, "-C", folder, "/policy.wasm"]);
    const wasm = await readFile(join(folder, "policy.wasm"));
    return { name: "OPA's WASM", decider: async (tenants) => await decider(wasm, tenants) };
  } catch (error) {
    process.stderr.write(`OPA is left out: ${String(error)}\n`);
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function decider(wasm: Buffer, tenants: Tenants): ReturnType<Engine["decider"]> {
  const policy = await loadPolicy(new Uint8Array(wasm).buffer, {
    // All rules, and what an evaluation makes of them.
    initial: 64,
    maximum: 4096,
  });
  policy.setData({ rules: tenants });
  return (operation, target) => {
    const [answer] = policy.evaluate({ operation, target }) as { readonly result: boolean }[];
    return answer?.result === true;
  };
}
