import type { Limits } from "@pyisolate/policy";
import {
  isRecord,
  mustBe,
  type OptionCheck,
  type OptionChecks,
  readOptions,
  whole,
} from "@pyisolate/policy/options";

import { cloneProblem } from "../clone/clone-problem.ts";
import { encodeClone } from "../clone/structured-clone.ts";

/** The limits of one `exec`. The memory is that of the whole cell, and cannot be set for one call. */
export type ExecLimits = Partial<Omit<Limits, "memoryMib">>;

export interface ExecOptions {
  /**
   * What the guest finds as `input`, by structured clone. It is a global that later programs of the cell see too, until one gets
   * an input of its own. `input: undefined` is one: leave the key out to keep what is there.
   */
  readonly input?: unknown;
  /**
   * Ends the program, and rejects with the signal's reason. A guest that only waits (for a timer, a promise, a function of the
   * host) is ended, and its cell stays in use. A guest that computes, and one that has an operation under way (a file, a
   * connection, a command), can only be ended with its cell: other calls into it then reject with ClosedError.
   */
  readonly signal?: AbortSignal;
  /** Lower limits than the policy's, for this call. */
  readonly limits?: ExecLimits;
}

/** The options, checked and read once. */
export interface ExecSettings {
  /** The clone of the input; empty if there is none. */
  readonly input: Uint8Array;
  readonly signal: AbortSignal | undefined;
  readonly limits: Limits;
}

/**
 * @param policy The limits of the policy in force.
 * @throws TypeError for an unknown option, a value of the wrong kind, an input that cannot travel, or a limit above the policy's;
 *   the message names it.
 */
export function execSettings(given: unknown, policy: Limits): ExecSettings {
  if (given === undefined) return { input: NOTHING, signal: undefined, limits: policy };
  const { input, signal, limits } = readOptions("exec", given, EXEC);
  // An input that is undefined is one too. Taken for none, it would leave what an earlier program got: another request's, say.
  const hasInput = Object.hasOwn(given as object, "input");
  return {
    input: hasInput ? inputClone(input) : NOTHING,
    signal,
    limits: limits === undefined ? policy : lowered(limits, policy),
  };
}

const NOTHING = new Uint8Array();

function lowered(given: ExecLimits, policy: Limits): Limits {
  const limits: Limits = { ...policy, ...readOptions("limits of exec", given, LIMITS) };
  for (const name of Object.keys(LIMITS) as (keyof ExecLimits)[]) {
    if (limits[name] > policy[name])
      throw new TypeError(
        `limits.${name} must be at most the policy's ${policy[name]}, got ${limits[name]}`,
      );
  }
  return limits;
}

function inputClone(input: unknown): Buffer {
  let bytes: Buffer;
  try {
    bytes = encodeClone(input);
  } catch (error) {
    const why = error instanceof Error ? error.message : "it could not be cloned";
    throw new TypeError(`input cannot enter the cell: ${why}`, { cause: error });
  }
  const why = cloneProblem(bytes)?.why;
  if (why !== undefined) throw new TypeError(`input cannot enter the cell: ${why}`);
  return bytes;
}

const any: OptionCheck = () => undefined;

const EXEC: OptionChecks<ExecOptions> = {
  input: any,
  signal: mustBe("an AbortSignal", (value) => value instanceof AbortSignal),
  limits: mustBe("an object of limits", isRecord),
};

const LIMITS: OptionChecks<ExecLimits> = {
  cpuMs: whole(1, Number.MAX_SAFE_INTEGER),
  wallMs: whole(1, Number.MAX_SAFE_INTEGER),
  calls: whole(1, Number.MAX_SAFE_INTEGER),
  outputBytes: whole(1, Number.MAX_SAFE_INTEGER),
};
