import type { Ground } from "./ground.ts";

/** What a guest may do in a program of these tests. */
export interface Operation {
  readonly name: string;
  /** What decides it; null where nothing has to. */
  readonly capability:
    | "filesystem"
    | "network"
    | "subprocess"
    | "random"
    | "import"
    | "tool"
    | null;
  /** The policy's word for it. */
  readonly operation: string;
  /** By the simple rule of the ground, which knows nothing of the package's own: is the place a granted one? */
  readonly allowed: boolean;
  /** Gives a promise. */
  readonly later: boolean;
  /** Takes a process, or a dozen requests, so it is rarer. */
  readonly slow?: boolean;
  /** The guest's expression; `i` is the attempt's number, `options` an expression for the options that it takes. */
  readonly source: (options: string) => string;
  /** What a record of its denial must name. */
  readonly target: (ground: Ground, i: number) => string;
  /** Whether a value is the answer to this very attempt. */
  readonly answers: (value: unknown, i: number) => boolean;
  /** What it leaves on the ground where it was performed. */
  readonly effect?: "file" | "directory" | "run" | "exchange" | "tool" | "message" | "line";
}

/** Whether a value is what an operation without a result gives. */
export const nothing = (value: unknown): boolean => value === undefined;

/** No value answers what is always refused. */
export const never = (): boolean => false;
