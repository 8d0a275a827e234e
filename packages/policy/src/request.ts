import type { Capability, Operation } from "./vocabulary.ts";

/** What a guest asks for, after the guard has found out what is really asked. */
export interface Request {
  readonly capability: Capability;
  readonly operation: Operation;
  /**
   * What the operation is on: the real absolute path, `host:port` with the host in canonical form, the absolute command,
   * the module's name. Empty for `random`.
   */
  readonly target: string;
}
