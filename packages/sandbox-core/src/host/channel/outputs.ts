import { cleanText, type DenialEvent, PolicyError } from "@pyisolate/policy";

import { cloneProblem, type CloneProblem } from "../../clone/clone-problem.ts";
import { decodeTaken } from "../../clone/decoder.ts";
import type { IncomingFrame } from "../../frame-reader.ts";
import type { Failure } from "../../failure-frame.ts";
import { type ConsoleLevel, Frame, outputCost } from "../../frames.ts";
import { callBack } from "../call-back.ts";
import type { Account, Call, Calls } from "../calls.ts";
import { cleanStack, GuestError } from "../guest-error.ts";
import type { Messages } from "./messages.ts";
import { parseFailure } from "./parse-failure.ts";
import { maxBody, parseConsole, WireError } from "./wire.ts";
import { thrownText } from "../thrown-text.ts";

/** Most outcomes for calls that are not in flight. Our own cell code sends none, so more mean that the cell is compromised. */
const MAX_STRAYS = 100;

export type OnConsole = (level: ConsoleLevel, text: string) => void;

/** The cell sends more output than its own code would have let out. */
export class OutputExceeded extends Error {
  readonly account: Account;

  constructor(account: Account) {
    super("more output than the call's limit");
    this.account = account;
  }
}

/** Where the output of a cell goes. */
export interface Destinations {
  readonly messages: Messages;
  readonly onConsole: OnConsole | undefined;
  /** The denial with this id, if this cell had one. */
  denial(id: string): DenialEvent | undefined;
  /** Called when a message finds no reader and no room to wait. */
  onUnread(account: Account): void;
  /** Takes a call of a tool. Throws for one that our own cell code never sends. */
  onTool(frame: IncomingFrame): void;
}

/**
 * Receives the output of a cell: results, failures, console lines, messages and calls of tools. All of it is under the guest's
 * control, so everything is checked.
 */
export class Outputs {
  readonly #calls: Calls;
  readonly #destinations: Destinations;
  #strays = 0;
  #hasWarned = false;

  constructor(calls: Calls, destinations: Destinations) {
    this.#calls = calls;
    this.#destinations = destinations;
  }

  /**
   * Longest body that a frame may have, bytes. The host refuses a longer one by its head, and does not hold it.
   *
   * @throws OutputExceeded if the call has no output left.
   */
  maxBody(kind: number, id: number): number {
    if (kind === Frame.request || kind === Frame.failure || kind === Frame.narrowed)
      return maxBody(kind);
    const account = this.#calls.account(id);
    const left = account.limits.outputBytes - account.outputBytes;
    if (left < 0) throw new OutputExceeded(account);
    return Math.min(maxBody(kind), left);
  }

  /** Throws for frames that our own cell code never sends. */
  receive(frame: IncomingFrame): void {
    switch (frame.kind) {
      case Frame.result:
        this.#spend(frame);
        this.#settle(frame.id, () => {
          const problem = cloneProblem(frame.body);
          if (problem !== undefined) return failing(problem);
          const value = decodeTaken(frame.body);
          return (call) => call.resolve(value);
        });
        break;
      case Frame.failure:
        // Read only for a call that waits: to clean the texts of a long one takes milliseconds.
        this.#settle(frame.id, () => {
          const error = this.#failed(parseFailure(frame.body));
          return (call) => call.reject(error);
        });
        break;
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
      case Frame.tool:
        this.#spend(frame);
        this.#destinations.onTool(frame);
        break;
      default:
        throw new WireError(`frame of unknown kind ${frame.kind}`);
    }
  }

  /** Accepts only a denial that this cell really had: the id is a claim of the cell. */
  #failed(failure: Failure): PolicyError | GuestError {
    const event =
      failure.denial === undefined ? undefined : this.#destinations.denial(failure.denial);
    return event === undefined
      ? new GuestError(failure)
      : new PolicyError(event, cleanStack(failure.stack));
  }

  /**
   * Counts output against the call's limit. The cell has counted the same and refuses output above it, so a frame beyond the
   * limit shows that the cell is compromised.
   */
  #spend({ id, body }: IncomingFrame): void {
    const account = this.#calls.account(id);
    account.outputBytes += outputCost(body);
    if (account.outputBytes > account.limits.outputBytes) throw new OutputExceeded(account);
  }

  #print(frame: IncomingFrame): void {
    const { level, text } = parseConsole(frame.body);
    const { onConsole } = this.#destinations;
    if (onConsole === undefined) return;
    const { context } = this.#calls.account(frame.id);
    callBack(() => context(() => onConsole(level, cleanText(text, 8192))), this.#warn);
  }

  /**
   * An error of `onConsole` is a bug of the host's: it must not end the cell, and must not be lost. It is told once in a cell, since
   * the guest decides how many lines it prints.
   */
  readonly #warn = (error: unknown): void => {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(`onConsole threw: ${thrownText(error)}`, "PyIsolateWarning");
  };

  /**
   * @param read Reads the outcome, and returns a function that tells it to the call. It runs while the call is still in flight,
   *   so that a broken outcome ends the call with its cell.
   */
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

/** Throws if the bytes are not a value. The cell runs the same check and tells its guest which values do not travel. */
function mustBeValue(body: Buffer): void {
  const problem = cloneProblem(body);
  if (problem !== undefined) throw new WireError(`a value that cannot be taken: ${problem.why}`);
}

/**
 * Rejects the call if its result is a value that the host does not take. Throws if it is not a value at all, which our own cell
 * code never sends.
 */
function failing({ kind, why }: CloneProblem): (call: Call) => void {
  if (kind === "broken") throw new WireError(`a value that cannot be taken: ${why}`);
  const message = `the result cannot leave the cell: ${why}`;
  const error = new GuestError({ name: "DataCloneError", message, stack: "" });
  return (call) => call.reject(error);
}
