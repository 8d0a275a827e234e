import type { Answer, BridgeCall, Bridge, GuestHandles } from "./bridge.ts";
import type { Primordials } from "./primordials.ts";

export type Answers = ReturnType<typeof answers>;

/** Asks for guarded operations, and turns the answers into values and errors. Planted by its source text. */
export function answers(bridge: Pick<Bridge, "ask">, primordials: Primordials) {
  const { apply, create, Error, Errors, indexOf, own, parse, Promise, slice, text } = primordials;
  const cross = bridge.ask;

  /**
   * The refusal that a guest sees: a fixed message or the host's words, capability, reason and id, and nothing of the policy. A private field marks it
   * as real, so that a guest cannot forge one by its looks. The fields are class fields, which are defined and not set: no setter
   * of the guest's sees them, and they are cheap.
   */
  class Refusal extends Error {
    readonly #denial: string;
    override readonly name: string = "PolicyError";
    readonly capability: string;
    readonly reason: string;
    readonly denialId: string;

    constructor(capability: string, reason: string, id: string, says: string | undefined) {
      super(says ?? `${capability} denied (${reason})`);
      this.#denial = id;
      this.capability = capability;
      this.reason = reason;
      this.denialId = id;
    }

    static denialOf(error: unknown): string | null {
      return typeof error === "object" && error !== null && #denial in error ? error.#denial : null;
    }
  }
  // Hide the class from the guest, so that it cannot construct a refusal.
  own(Refusal.prototype, "constructor", Error);

  function refusalError(payload: string): Error {
    const first = indexOf(payload, " ");
    const second = indexOf(payload, " ", first + 1);
    const third = indexOf(payload, " ", second + 1);
    return new Refusal(
      slice(payload, 0, first),
      slice(payload, first + 1, second),
      third < 0 ? slice(payload, second + 1) : slice(payload, second + 1, third),
      third < 0 ? undefined : slice(payload, third + 1),
    );
  }

  const carried = [
    "name",
    "errno",
    "code",
    "syscall",
    "path",
    "dest",
    "spawnargs",
    "cmd",
    "status",
    "signal",
    "killed",
    "stdout",
    "stderr",
  ];

  const failureError = (json: string): Error => errorOf(parse(json) as Record<string, unknown>);

  function errorOf(fields: Record<string, unknown>): Error {
    const Made = Errors[text(fields["type"])] ?? Error;
    const error = new Made(text(fields["message"]));
    for (let index = 0; index < carried.length; index++) {
      const name = carried[index] as string;
      const value = fields[name];
      if (value !== undefined) own(error, name, value, true);
    }
    const { cause } = fields;
    if (typeof cause === "object" && cause !== null)
      own(error, "cause", errorOf(cause as Record<string, unknown>));
    return error;
  }

  /** @throws the refusal or failure, if the answer is one. */
  function valueOf(answer: Answer): unknown {
    if (typeof answer !== "string") return answer;
    const payload = slice(answer, 1);
    switch (answer[0]) {
      case "v":
        return payload;
      case "j":
        return parse(payload);
      case "h":
        return payload;
      case "r":
        throw refusalError(payload);
      case "e":
        throw failureError(payload);
      default:
        return answer;
    }
  }

  const raw = (asked: BridgeCall): Answer => apply(cross, undefined, asked);

  interface Waiting {
    readonly resolve: (value: unknown) => void;
    readonly reject: (error: unknown) => void;
    readonly shape: (value: unknown, body: Uint8Array | undefined) => unknown;
  }
  const waiting = create(null) as Record<number, Waiting>;
  let lastCall = 0;

  /** The error that the last answer brought. */
  let brought: unknown;

  /**
   * Gives an error that an answer brought the frames of those that wait for it: it was made far from them. Called where an `await` of
   * ours ends, from where the engine finds the guest's functions that await in turn. Any other error stays as it is.
   */
  function retraced(error: unknown): unknown {
    if (error !== brought || typeof error !== "object" || error === null) return error;
    try {
      const { stack: made } = error as { stack?: unknown };
      const { stack: here } = new Error("");
      if (typeof made !== "string" || typeof here !== "string") return error;
      const head = indexOf(made, "\n    at ");
      const frames = indexOf(here, "\n    at ");
      if (frames !== -1)
        own(error, "stack", slice(made, 0, head === -1 ? made.length : head) + slice(here, frames));
    } catch {
      // The guest prepares stacks by a function of its own, which threw.
    }
    return error;
  }

  const settle: GuestHandles["settle"] = (callId, answer, body) => {
    const call = waiting[callId];
    if (call === undefined) return;
    delete waiting[callId];
    let value: unknown;
    try {
      value = call.shape(valueOf(answer), body as Uint8Array | undefined);
    } catch (error) {
      brought = error;
      // Without an error, a callback would take the failure for a success.
      call.reject(error ?? new Error("The operation failed"));
      return;
    }
    call.resolve(value);
  };

  /**
   * Begins a call whose answer comes later.
   *
   * @param begin Asks, under the call's number. An answer at once is a refusal or a failure.
   */
  const callLater = (
    shape: Waiting["shape"],
    begin: (callId: number) => Answer,
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const callId = ++lastCall;
      waiting[callId] = { resolve, reject, shape };
      try {
        valueOf(begin(callId));
      } catch (error) {
        delete waiting[callId];
        throw error;
      }
    });

  return {
    callLater,
    retraced,
    valueOf,
    /** Asks, and returns the answer as it came. */
    raw,
    ask: (asked: BridgeCall): unknown => valueOf(raw(asked)),
    askLater: (shape: Waiting["shape"], asked: BridgeCall): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const callId = ++lastCall;
        waiting[callId] = { resolve, reject, shape };
        asked[0] = callId;
        raw(asked);
      }),
    settle,
    /** The id of the denial, if the error is a refusal made here; null for every other value, even one that looks the same. */
    denialOf: Refusal.denialOf,
  };
}
