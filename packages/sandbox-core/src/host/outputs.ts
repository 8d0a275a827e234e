import { cleanText, type DenialEvent, PolicyError } from "@pyisolate/policy";

import { decodeClone } from "../clone.ts";
import type { IncomingFrame } from "../frame-reader.ts";
import { Frame } from "../frames.ts";
import type { Account, Call, Calls } from "./calls.ts";
import { GuestError } from "./errors.ts";
import type { Messages } from "./messages.ts";
import { parseConsole, parseFailure } from "./wire.ts";

/**
 * How far the bytes that leave a cell may be beyond the call's limit: the cell keeps that limit, and refuses with a denial
 * of the one output that was too much. More than this is no guest's doing. JSON writes a character as up to six.
 */
const OUTPUT_TOLERANCE = 6;
const OUTPUT_SLACK = 65_536;

export type OnConsole = (level: "debug" | "log" | "info" | "warn" | "error", text: string) => void;

/** Where what leaves a cell goes. */
export interface Destinations {
  readonly messages: Messages;
  readonly onConsole: OnConsole | undefined;
  /** The denial of that id, if this cell had it. */
  denial(id: string): DenialEvent | undefined;
  /** A message found nobody to read it, and no room to wait. */
  onUnread(account: Account): void;
  /** More has left the cell than the cell itself would let out. */
  onFlood(account: Account): void;
}

/** What leaves a cell: results, failures, console lines and messages. All of it is the guest's, none of it is believed. */
export class Outputs {
  readonly #calls: Calls;
  readonly #destinations: Destinations;

  constructor(calls: Calls, destinations: Destinations) {
    this.#calls = calls;
    this.#destinations = destinations;
  }

  /** Throws for what no cell of ours sends. */
  receive(frame: IncomingFrame): void {
    if (frame.kind !== Frame.failure && !this.#isWithin(frame)) return;
    switch (frame.kind) {
      case Frame.result:
        this.#settle(frame.id, (call) => call.resolve(decodeClone(frame.body)));
        break;
      case Frame.failure: {
        const failure = parseFailure(frame.body);
        // Only a denial that this cell really had is believed: an id is a claim.
        const event =
          failure.denial === undefined ? undefined : this.#destinations.denial(failure.denial);
        this.#settle(frame.id, (call) =>
          call.reject(event === undefined ? new GuestError(failure) : new PolicyError(event)),
        );
        break;
      }
      case Frame.console:
        this.#print(frame);
        break;
      case Frame.post:
        if (!this.#destinations.messages.push(decodeClone(frame.body), frame.body.length)) {
          this.#destinations.onUnread(this.#calls.account(frame.id));
        }
        break;
      default:
        throw new TypeError(`frame of unknown kind ${frame.kind}`);
    }
  }

  #isWithin(frame: IncomingFrame): boolean {
    const account = this.#calls.account(frame.id);
    account.outputBytes += frame.body.length;
    if (account.outputBytes <= account.limits.outputBytes * OUTPUT_TOLERANCE + OUTPUT_SLACK)
      return true;
    this.#destinations.onFlood(account);
    return false;
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

  #settle(id: number, how: (call: Call) => void): void {
    const call = this.#calls.settle(id);
    if (call === undefined) return;
    try {
      how(call);
    } catch (error) {
      call.reject(error);
      throw error;
    }
  }
}
