import type { OwnCapabilities } from "./capabilities.ts";
import type { PolicyIssue } from "./errors.ts";
import type { RuleNotes } from "./rule-notes.ts";
import type { OperationName, RuleCapability } from "./vocabulary.ts";

/**
 * One command of a rule: its absolute path, with which it may be run with any arguments; or the path with a pattern of its
 * arguments. `*` for every command.
 */
export type CommandScope = string | CommandPattern;

/** A command, and the arguments with which it may be run. */
export interface CommandPattern {
  readonly path: string;
  /**
   * One entry for each argument, in their order; an empty list for a command without arguments. An entry is the argument itself,
   * in which each `*` stands for any characters; or `**` alone, for any number of arguments.
   */
  readonly args: readonly string[];
}

/** One rule of a policy. A rule that names no `operations` covers all operations of its capability. */
export interface Rule extends RuleNotes {
  readonly id: string;
  readonly effect: "allow" | "deny";
  readonly capability: RuleCapability;
  readonly operations: readonly OperationName[];
  /** filesystem: absolute glob patterns over real paths. */
  readonly paths?: readonly string[];
  /** network: `host:port`; host a name, `*.name`, an address or a CIDR block; port a number or `*`. */
  readonly hosts?: readonly string[];
  /** subprocess: absolute commands, with the arguments that they may get or with any. */
  readonly commands?: readonly CommandScope[];
  /**
   * subprocess: absolute glob patterns of files that the kernel lets the commands read, in addition to what the guest may read
   * and what programs need to start. It is not a scope: the broker grants a guest nothing by it.
   */
  readonly reads?: readonly string[];
  /** import: module names. */
  readonly modules?: readonly string[];
  /** A declared capability: target patterns. `*` is any text without `.`, `/` and `:`; `**` is any text. */
  readonly targets?: readonly string[];
  /** tool: patterns of names. `*` is any text without a dot, `**` any text. */
  readonly tools?: readonly string[];
}

/** The resources that a cell may use. Reaching a limit is a denial with reason `limit`. */
export interface Limits {
  /** CPU time of the guest in one call into the cell, milliseconds. Ends the cell. */
  readonly cpuMs: number;
  /** Wall-clock time of one call into the cell, milliseconds. Ends the cell. */
  readonly wallMs: number;
  /** The guest's heap, MiB. Ends the cell. */
  readonly memoryMib: number;
  /** Guarded operations in one call into the cell. Further operations are refused. */
  readonly calls: number;
  /** Bytes of results, console lines, messages and arguments of tools that leave the cell in one call into it. More is refused. */
  readonly outputBytes: number;
}

/** A policy that has been checked and compiled; immutable. Only `parsePolicy` and `loadPolicy` make one. */
export interface Policy {
  readonly version: 1;
  readonly name: string;
  /**
   * The service's own capabilities that the policy declares, each with its operations, sorted. Empty if it declares none. A recorder
   * takes it as it is: `createDenialRecorder({ capabilities: policy.capabilities })`.
   */
  readonly capabilities: OwnCapabilities;
  /** Why what no rule decides is denied, and whom to ask. Absent if neither is written. */
  readonly default?: RuleNotes;
  readonly rules: readonly Rule[];
  readonly limits: Limits;
  /** The first 16 hex digits of the SHA-256 of the policy's canonical JSON: equal content, equal hash. */
  readonly hash: string;
  /**
   * What the policy grants that its author may not mean: commands that run others, with arguments that the guest chooses. It is
   * in force all the same. Not part of the content: no key of the policy that `JSON.stringify` or a comparison sees.
   */
  readonly warnings: readonly PolicyIssue[];
}

/**
 * The input of `parsePolicy`: a compiled policy, an object with the content of a policy file, or YAML or JSON text. A promise is
 * none of these, so `policy: loadPolicy(path)` without `await` does not compile.
 */
export type PolicyInput =
  | string
  | (object & { readonly then?: never })
  | { readonly then?: never; readonly [key: string]: unknown };
