import type { Capability, Operation } from "./vocabulary.ts";

/** A guest's request, after the guard has resolved its target. */
export interface Request {
  readonly capability: Capability;
  readonly operation: Operation;
  /**
   * What the operation acts on: the real absolute path, `host:port` with the host in canonical form, the absolute command, or the
   * module's name. Empty for `random`.
   */
  readonly target: string;
}
