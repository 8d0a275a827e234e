import type { GuardedCapability, Operation } from "./vocabulary.ts";

/** One sentence of a policy. A rule with no `operations` speaks of all of its capability's. */
export interface Rule {
  readonly id: string;
  readonly effect: "allow" | "deny";
  readonly capability: GuardedCapability;
  readonly operations: readonly Operation[];
  /** filesystem: absolute glob patterns over real paths. */
  readonly paths?: readonly string[];
  /** network: `host:port`; host a name, `*.name`, an address or a CIDR block; port a number or `*`. */
  readonly hosts?: readonly string[];
  /** subprocess: absolute commands. */
  readonly commands?: readonly string[];
  /**
   * subprocess: absolute glob patterns of what the kernel lets the commands read beside what the guest may and what programs need to
   * start. It is no scope: the broker grants a guest nothing by it.
   */
  readonly reads?: readonly string[];
  /** import: module names. */
  readonly modules?: readonly string[];
}

/** What a cell may use up. Reaching one is a denial like any other, with reason `limit`. */
export interface Limits {
  /** CPU time of the guest in one call into the cell, milliseconds. Ends the cell. */
  readonly cpuMs: number;
  /** Wall-clock time of one call into the cell, milliseconds. Ends the cell. */
  readonly wallMs: number;
  /** The guest's heap, MiB. Ends the cell. */
  readonly memoryMib: number;
  /** Guarded operations in one call into the cell. Refuses the operation. */
  readonly calls: number;
  /** Bytes that leave the cell in one call into it: result, console, messages. Refuses the output. */
  readonly outputBytes: number;
}

/** A policy that has been checked and compiled; immutable. Made by `parsePolicy` and `loadPolicy` only. */
export interface Policy {
  readonly version: 1;
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly limits: Limits;
  /** The first 16 hex digits of the SHA-256 of the policy's canonical JSON: equal content, equal hash. */
  readonly hash: string;
}

/**
 * What a policy is made of: one that is one already, an object as a policy file holds it, or YAML or JSON text. A promise is
 * none of these, so that `policy: loadPolicy(path)` without `await` does not compile.
 */
export type PolicyInput =
  | string
  | (object & { readonly then?: never })
  | { readonly then?: never; readonly [key: string]: unknown };
