import { fileURLToPath } from "node:url";

import { type DenialEvent, loadPolicy, PolicyAuthError } from "@pyisolate/policy";
import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import type { DenialRecorder } from "@pyisolate/telemetry";

import { ATTEMPTS, type Attempt } from "./attempts.ts";

/** What can be learned from a refusal. */
export interface Saw {
  readonly name: string;
  readonly message?: string;
  readonly reason: string;
  readonly denialId: string;
}

/** What the refused guest saw, and the event of that very refusal. */
export interface Refusal {
  readonly by: "guest" | "host";
  readonly program: string;
  readonly saw: Saw;
  readonly event: DenialEvent;
}

/** The policy that every guest of the demo runs under. */
export const POLICY = fileURLToPath(new URL("../../../examples/policy.yaml", import.meta.url));

/** Lets a guest try every attempt, and the host a reload with a wrong token. Throws where anything is not refused. */
export async function runAttempts(denials: DenialRecorder): Promise<Refusal[]> {
  const policy = await loadPolicy(POLICY);
  await using supervisor = new Supervisor({ policy, denials, token: "s3cret" });
  await using cell = await supervisor.spawn("tenant-a");
  const refusals: Refusal[] = [];
  for (const { program } of ATTEMPTS) refusals.push(await refused(cell, program));
  refusals.push(await wrongToken(supervisor));
  return refusals;
}

/** Lets a guest try one thing. @throws Error where it is not refused. */
export async function refused(cell: Sandbox, program: string): Promise<Refusal> {
  const saw = await cell.exec(asGuestSees(program));
  const event = cell.denialEvents().at(-1);
  if (!isRefusal(saw) || event === undefined || event.id !== saw.denialId)
    throw new Error(`${program} was not refused as it should be: ${JSON.stringify(saw)}`);
  return { by: "guest", program, saw, event };
}

async function wrongToken(supervisor: Supervisor): Promise<Refusal> {
  try {
    await supervisor.reloadPolicy({ version: 1, name: "anything goes", rules: [] }, "guess");
  } catch (error) {
    if (!(error instanceof PolicyAuthError)) throw error;
    const { name, denialEvent: event } = error;
    const saw = { name, reason: event.reason, denialId: event.id };
    return { by: "host", program: `supervisor.reloadPolicy(policy, "guess")`, saw, event };
  }
  throw new Error("a wrong token reloaded the policy");
}

/** The guest catches its refusal and tells what it could learn from it. */
function asGuestSees(program: Attempt["program"]): string {
  return `(async () => {
    try { return { value: await ${program} }; }
    catch (error) {
      const { name, message, capability, reason, denialId } = error;
      return { name, message, capability, reason, denialId };
    }
  })()`;
}

function isRefusal(value: unknown): value is Saw {
  return typeof value === "object" && value !== null && "denialId" in value;
}
