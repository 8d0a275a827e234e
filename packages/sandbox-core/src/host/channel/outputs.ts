import { cleanText, type DenialEvent, PolicyError } from "@pyisolate/policy";

import { cloneProblem, type CloneProblem } from "../../clone/clone-problem.ts";
import { decodeClone } from "../../clone/structured-clone.ts";
import type { IncomingFrame } from "../../frame-reader.ts";
import { type ConsoleLevel, Frame, outputCost } from "../../frames.ts";
import type { Account, Call, Calls } from "../calls.ts";
import { GuestError } from "../errors.ts";
import type { Messages } from "./messages.ts";
import { maxBody, parseConsole, parseFailure, WireError } from "./wire.ts";

/** Most outcomes of calls that are not in flight. A cell of ours sends none. */
const MAX_STRAYS = 100;

export type OnConsole = (level: ConsoleLevel, text: string) => void;

/** More is about to leave the cell than the cell itself would let out. */
export class OutputExceeded extends Error {
  readonly account: Account;

  constructor(account: Account) {
    super("more output than the call's limit");
    this.account = account;
  }
}

/** Where what leaves a cell goes. */
export interface Destinations {
  readonly messages: Messages;
  readonly onConsole: OnConsole | undefined;
  /** The denial of that id, if this cell had it. */
  denial(id: string): DenialEvent | undefined;
  /** A message found no reader, and no room to wait. */
  onUnread(account: Account): void;
}

/** What leaves a cell: results, failures, console lines and messages. All of it is the guest's, none of it is believed. */
export class Outputs {
  readonly #calls: Calls;
  readonly #destinations: Destinations;
  #strays = 0;

  constructor(calls: Calls, destinations: Destinations) {
    this.#calls = calls;
    this.#destinations = destinations;
  }

  /**
   * Longest body that a frame may have, bytes, so that the host holds no more of it.
   *
   * @throws OutputExceeded where the call has no output left.
   */
  maxBody(kind: number, id: number): number {
    if (kind === Frame.request || kind === Frame.failure) return maxBody(kind);
    const account = this.#calls.account(id);
    const left = account.limits.outputBytes - account.outputBytes;
    if (left < 0) throw new OutputExceeded(account);
    return Math.min(maxBody(kind), left);
  }

  /** Throws for what no cell of ours sends. */
  receive(frame: IncomingFrame): void {
    switch (frame.kind) {
      case Frame.result:
        this.#spend(frame);
        this.#settle(frame.id, () => {
          const problem = cloneProblem(frame.body);
          if (problem !== undefined) return failing(problem);
          const value = decodeClone(frame.body);
          return (call) => call.resolve(value);
        });
        break;
      case Frame.failure: {
        const failure = parseFailure(frame.body);
        // Only a denial that this cell really had is believed: an id is a claim.
        const event =
          failure.denial === undefined ? undefined : this.#destinations.denial(failure.denial);
        const error = event === undefined ? new GuestError(failure) : new PolicyError(event);
        this.#settle(frame.id, () => (call) => call.reject(error));
        break;
      }
      case Frame.console:
        this.#spend(frame);
        this.#print(frame);
        break;
      case Frame.post:
        this.#spend(frame);
        mustBeValue(frame.body);
        if (!this.#destinations.messages.push(frame.body))
          this.#destinations.onUnread(this.#calls.account(frame.id));
        break;
      default:
        throw new WireError(`frame of unknown kind ${frame.kind}`);
    }
  }

  /** The cell has counted the same, and has refused the one output that was too much. */
  #spend({ id, body }: IncomingFrame): void {
    const account = this.#calls.account(id);
    account.outputBytes += outputCost(body);
    if (account.outputBytes > account.limits.outputBytes) throw new OutputExceeded(account);
  }

  #print(frame: IncomingFrame): void {
    const { level, text } = parseConsole(frame.body);
    const { onConsole } = this.#destinations;
    if (onConsole === undefined) return;
    try {
      this.#calls.account(frame.id).context(() => onConsole(level, cleanText(text, 8192)));
    } catch (error) {
      // The host's own mistake: not the cell's, and not to be lost.
      process.emitWarning(
        `onConsole threw: ${error instanceof Error ? error.message : String(error)}`,
        "PyIsolateWarning",
      );
    }
  }

  /** @param read Reads the outcome, and gives how it is told. Before the call is out of flight: a broken one ends it with the cell. */
  #settle(id: number, read: () => (call: Call) => void): void {
    if (!this.#calls.inFlight.has(id)) {
      this.#strays += 1;
      if (this.#strays > MAX_STRAYS)
        throw new WireError("outcomes of calls that are not in flight");
      return;
    }
    const tell = read();
    const call = this.#calls.settle(id);
    if (call !== undefined) tell(call);
  }
}

/** The cell has looked at it in the same way, and has told its guest what does not travel. */
function mustBeValue(body: Buffer): void {
  const problem = cloneProblem(body);
  if (problem !== undefined) throw new WireError(`a value that cannot be taken: ${problem.why}`);
}

/** Tells a call that its result is a value, but none that the host takes. Throws where it is no value: no cell of ours sends that. */
function failing({ kind, why }: CloneProblem): (call: Call) => void {
  if (kind === "broken") throw new WireError(`a value that cannot be taken: ${why}`);
  const message = `the result cannot leave the cell: ${why}`;
  const error = new GuestError({ name: "DataCloneError", message, stack: "" });
  return (call) => call.reject(error);
}
