import type { CapabilityName, OperationName } from "./vocabulary.ts";

/** What is asked for, after the guard has resolved its target. */
export interface Request {
  readonly capability: CapabilityName;
  readonly operation: OperationName;
  /**
   * What the operation acts on: the real absolute path, `host:port` with the host in canonical form, the absolute command, or the
   * module's name; for a declared capability, what its guard names. Empty for `random`.
   */
  readonly target: string;
  /**
   * subprocess: the arguments with which the command is run, without its own name. Left out: none. Other capabilities ignore
   * them.
   */
  readonly args?: readonly string[];
}
