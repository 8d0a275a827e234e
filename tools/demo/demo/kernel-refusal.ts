import { loadPolicy } from "@pyisolate/policy";
import type { DenialRecorder } from "@pyisolate/telemetry";

import { flawedSandbox } from "../flaws/flawed-sandbox.ts";
import { POLICY, type Refusal, refused } from "./run-attempts.ts";

/** A file that any user of this host may read, and that the policy does not grant. */
const PROGRAM = `require("node:fs").readFileSync("/etc/passwd", "utf8")`;

/**
 * Lets a guest ask a broker that has a fault: it allows every path. The guest's process is confined as ever, so the kernel refuses.
 * Where this host cannot confine cells, gives what is missing, in words.
 */
export async function kernelRefusal(denials: DenialRecorder): Promise<Refusal | string> {
  const policy = await loadPolicy(POLICY);
  using flawed = await flawedSandbox();
  let supervisor: InstanceType<typeof flawed.Supervisor>;
  try {
    supervisor = new flawed.Supervisor({ policy, denials, kernel: "require", pool: 0 });
  } catch (error) {
    if (error instanceof Error && error.name === "CellStartError") return error.message;
    throw error;
  }
  await using ending = new AsyncDisposableStack();
  ending.use(supervisor);
  return await refused(await supervisor.spawn("tenant-b"), PROGRAM);
}
