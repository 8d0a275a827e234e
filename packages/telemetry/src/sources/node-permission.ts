import * as diagnostics from "node:diagnostics_channel";
import path from "node:path";

import type { DenialEvent, DenialSink, OwnCapabilities } from "@pyisolate/policy";
import { denialEvent } from "@pyisolate/policy/events";
import { flag, nonEmptyText, type OptionChecks, readOptions } from "@pyisolate/policy/options";

/** What a refusal of Node's permission model says: a message on its channels, or an `ERR_ACCESS_DENIED`. */
export interface NodeRefusal {
  /** Such as `FileSystemRead`. */
  readonly permission: string;
  /** A path, a command, an address; empty where there is none. */
  readonly resource: string;
}

export interface NodePermissionOptions {
  /** Whose denials these are, in events and metrics: mostly the service's name. */
  readonly cell: string;
  /**
   * Whether Node only audits (`--permission-audit`), so that what it would have refused has gone on: such events have `enforced: false`.
   * Default: what the process's arguments say. Give it where a configuration file of Node's turns the audit on.
   */
  readonly audit?: boolean;
}

/** A subscription to the refusals of Node's permission model in this thread. It ends by `Symbol.dispose`. */
export interface NodePermissionSource extends Disposable {
  /** `off`: the process runs without the model, and there will be no event. */
  readonly mode: "enforced" | "audited" | "off";
}

/** The capability for permissions of Node that no built-in capability covers, to be given to a recorder's `capabilities`. */
export const NODE_CAPABILITIES = {
  node: ["worker", "inspector", "wasi", "addon", "ffi", "env", "openssl_store", "other"],
} as const satisfies OwnCapabilities;

/** What each of Node's permissions is here. One that a later Node adds is `node other`. */
const MEANINGS: ReadonlyMap<string, readonly [capability: string, operation: string]> = new Map([
  ["FileSystem", ["filesystem", "write"]],
  ["FileSystemRead", ["filesystem", "read"]],
  ["FileSystemWrite", ["filesystem", "write"]],
  ["Net", ["network", "connect"]],
  ["ChildProcess", ["subprocess", "exec"]],
  ["WorkerThreads", ["node", "worker"]],
  ["Inspector", ["node", "inspector"]],
  ["WASI", ["node", "wasi"]],
  ["Addon", ["node", "addon"]],
  ["FFI", ["node", "ffi"]],
  ["Environment", ["node", "env"]],
  ["OpenSSLStore", ["node", "openssl_store"]],
]);

const CHANNELS = [
  "fs",
  "net",
  "child",
  "worker",
  "inspector",
  "wasi",
  "addon",
  "ffi",
  "env",
  "openssl-store",
].map((name) => `node:permission-model:${name}`);

const CHECKS: OptionChecks<NodePermissionOptions> = { cell: nonEmptyText, audit: flag };

/**
 * Records what Node's own permission model refuses (`node --permission`) as denials of this thread. Node publishes it from 24.20 and 25.8
 * on; with an older one, make the event of the `ERR_ACCESS_DENIED` that you catch, by {@link nodePermissionDenial}.
 *
 * @remarks Neither the broker nor the kernel layer was asked, and the event says so: both decisions are `not_evaluated`, the policy is
 *   `node --permission`, the rule `node.permission`. A program that asks by `process.permission.has()` has been refused nothing: Node
 *   publishes that too, and it is passed over.
 * @throws TypeError if an option is unknown or of the wrong kind.
 * @example
 * const denials = createDenialRecorder({ capabilities: NODE_CAPABILITIES });
 * recordNodePermission(denials, { cell: "uploads" });
 */
export function recordNodePermission(
  denials: DenialSink,
  options: NodePermissionOptions,
): NodePermissionSource {
  const { cell = "", audit = isAudit() } = mustHaveCell("recordNodePermission", options);
  let isRecording = false;
  const onMessage = (message: unknown): void => {
    // Pass over what the sink itself is refused while it records: that would come back here without end.
    if (isRecording) return;
    isRecording = true;
    try {
      const event = isQuestion() ? undefined : nodePermissionDenial(message, { cell, audit });
      if (event !== undefined) denials.record(event);
    } catch {
      // Never throw: an error of a listener ends the process. A message in an unknown form makes no event.
    }
    isRecording = false;
  };
  for (const channel of CHANNELS) diagnostics.subscribe(channel, onMessage);
  return {
    mode: process.permission === undefined ? "off" : audit ? "audited" : "enforced",
    [Symbol.dispose]: () => {
      for (const channel of CHANNELS) diagnostics.unsubscribe(channel, onMessage);
    },
  };
}

/**
 * The denial that a refusal of Node's permission model is: of a message on its channels, or of an `ERR_ACCESS_DENIED`. Undefined for any
 * other value, such as an error of another kind, and for the message that a permission was given up (`process.permission.drop()`).
 *
 * @throws TypeError if an option is unknown or of the wrong kind.
 */
export function nodePermissionDenial(
  refusal: unknown,
  options: NodePermissionOptions,
): DenialEvent | undefined {
  const { cell = "", audit = false } = mustHaveCell("nodePermissionDenial", options);
  if (!isRefusal(refusal)) return undefined;
  const { permission, resource } = refusal;
  const [capability, operation] = MEANINGS.get(permission) ?? ["node", "other"];
  // Node gives the path as the program wrote it, so resolve it here.
  const isPath = capability === "filesystem" && resource !== "";
  return denialEvent({
    cell,
    capability,
    operation,
    target: isPath ? path.resolve(resource) : resource,
    policyRule: "node.permission",
    // The model has one reason only: no flag of the process allows it.
    reason: "no_rule",
    brokerDecision: "not_evaluated",
    kernelDecision: "not_evaluated",
    policyName: audit ? "node --permission-audit" : "node --permission",
    enforced: !audit,
  });
}

function mustHaveCell(taker: string, given: NodePermissionOptions): Partial<NodePermissionOptions> {
  const options = readOptions(taker, given, CHECKS);
  if (options.cell === undefined)
    throw new TypeError(`${taker} needs a cell, such as { cell: "uploads" }`);
  return options;
}

function isRefusal(value: unknown): value is NodeRefusal {
  if (typeof value !== "object" || value === null) return false;
  const { permission, resource, drop, code } = value as Record<string, unknown>;
  if (value instanceof Error && code !== "ERR_ACCESS_DENIED") return false;
  return typeof permission === "string" && typeof resource === "string" && drop !== true;
}

/** Node enforces where both flags are given. The audit's flag is taken from the command line only. */
function isAudit(): boolean {
  const { execArgv, env } = process;
  const enforcing = [...execArgv, ...(env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  return execArgv.includes("--permission-audit") && !enforcing.includes("--permission");
}

/** The frame of `process.permission.has()`, which Node's own code calls too. */
const HAS = "(node:internal/process/permission:";

/**
 * Whether the message answers a program's own question, and refuses nothing: the stack then shows a call of
 * `process.permission.has()` from code that is not Node's. If the service formats stacks in its own way, this cannot be told, and
 * the message counts as a refusal.
 */
function isQuestion(): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 12;
  const { stack } = new Error("a question?");
  Error.stackTraceLimit = stackTraceLimit;
  const frames = typeof stack === "string" ? stack.split("\n") : [];
  const asking = frames.findIndex((frame) => frame.includes(HAS));
  const caller = asking < 0 ? undefined : frames[asking + 1];
  return caller !== undefined && !/(?:\(|at )node:/.test(caller);
}
