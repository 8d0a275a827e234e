import { cleanText } from "@pyisolate/policy";

import { cloneProblem } from "../../clone/clone-problem.ts";
import { decodeTaken } from "../../clone/decoder.ts";
import { encodeSmall } from "../../clone/encode-small.ts";
import { encodeByV8 } from "../../clone/structured-clone.ts";
import type { IncomingFrame } from "../../frame-reader.ts";
import {
  encodeJson,
  Frame,
  MAX_BODY_BYTES,
  nextNumber,
  type ToolFailure,
  toolFailure,
  toolRefusal,
  toolValue,
} from "../../frames.ts";
import type { Answer, Broker } from "../broker.ts";
import type { Account, Calls } from "../calls.ts";
import { inTurn } from "../channel/loop-share.ts";
import type { Requests } from "../channel/requests.ts";
import { parseToolCall, type ToolCall, WireError } from "../channel/wire.ts";
import { thrownText } from "../thrown-text.ts";
import { fit } from "./fit.ts";
import { ToolError } from "./tool.ts";
import { type CheckedTool, type ToolSet, warnOnce } from "./tool-set.ts";

/** Most tools that one cell has called and that have not answered. Our own cell code has at most 128. */
const MAX_WAITING = 256;

/** Longest message and code of a `ToolError`, in UTF-16 code units. */
const MAX_MESSAGE = 4096;
const MAX_CODE = 64;

/** What the calls of tools need from their sandbox. */
export interface ToolHooks {
  readonly calls: Calls;
  readonly broker: Broker;
  readonly requests: Pick<Requests, "isOneTooMany">;
  send(frame: Buffer): void;
}

/** A call whose answer is due. */
interface Waiting {
  readonly account: Account;
  /** Made when the handler asks for its signal. */
  stop: AbortController | undefined;
  /** Why nothing waits for the answer any more. */
  over: { readonly reason: unknown } | undefined;
}

/** Runs the functions of the host that one cell's guest calls: each call is a request to the broker first. */
export class ToolCalls {
  readonly #cell: string;
  readonly #tools: ToolSet;
  readonly #hooks: ToolHooks;
  /** The calls whose answer is due. */
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(cell: string, tools: ToolSet, hooks: ToolHooks) {
    this.#cell = cell;
    this.#tools = tools;
    this.#hooks = hooks;
    if (tools.size > 0) hooks.send(encodeJson(Frame.tools, 0, [...tools.keys()]));
  }

  /**
   * Takes a call of a tool.
   *
   * @throws WireError for a frame that our own cell code never sends.
   */
  receive(frame: IncomingFrame): void {
    const call = parseToolCall(frame);
    if (call.number !== nextNumber(this.#last))
      throw new WireError(`call ${call.number} of a tool after ${this.#last}`);
    this.#last = call.number;
    if (this.#waiting.size >= MAX_WAITING) throw new WireError("too many tools at once");
    const hooks = this.#hooks;
    const account = hooks.calls.account(frame.id);
    const refuse: Answer = (verdict) => {
      if (!verdict.ok) hooks.send(toolRefusal(call.number, verdict));
    };
    account.context(() => {
      if (hooks.requests.isOneTooMany(call, account, refuse)) return;
      if (!hooks.broker.mayCall(call.target, refuse)) return;
      // The host aborted the call into the cell while this one was on its way. Nothing waits for its answer.
      if (account.aborted !== undefined) {
        hooks.send(toolFailure(call.number, ABORTED));
        return;
      }
      const waiting: Waiting = { account, stop: undefined, over: undefined };
      this.#waiting.set(call.number, waiting);
      this.#run(call, waiting, refuse).then(
        (answer) => {
          if (this.#waiting.delete(call.number) && answer !== undefined) hooks.send(answer);
        },
        // `#run` has handled whatever the tool threw. An error here is a bug of ours, so tell the operator.
        (error: unknown) => {
          this.#waiting.delete(call.number);
          hooks.send(toolFailure(call.number, FAILED));
          process.emitWarning(`a call of a tool failed: ${thrownText(error)}`, "PyIsolateWarning");
        },
      );
    });
  }

  /**
   * The host has aborted a call into the cell, and told the cell: nothing waits for the tools that it called, and what they answer
   * later is dropped. So they do not count for what the cell may have waiting.
   */
  abort(account: Account, reason: unknown): void {
    for (const [number, waiting] of this.#waiting) {
      if (waiting.account !== account) continue;
      this.#waiting.delete(number);
      // Needed by a cell that had ended the call by itself: it would count these calls as waiting for ever.
      this.#hooks.send(toolFailure(number, ABORTED));
      abandon(waiting, reason);
    }
  }

  /** The cell has ended. */
  end(reason: unknown): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const each of waiting) abandon(each, reason);
  }

  /** The frame that answers the call; undefined if it has been refused, or nothing waits for an answer. */
  async #run(call: ToolCall, waiting: Waiting, refuse: Answer): Promise<Buffer | undefined> {
    const { broker } = this.#hooks;
    const tool = this.#tools.get(call.target);
    if (tool === undefined) return toolFailure(call.number, NO_TOOL);
    const before = broker.policy;
    const given = decodeTaken(call.given);
    // A tool without a schema waits for nothing.
    const fitting = tool.schema === undefined ? { value: given } : await fit(tool, given);
    // The cell has ended, after which it must have no record, or the call was aborted.
    if (waiting.over !== undefined) return undefined;
    if (!("value" in fitting)) {
      const { capability, operation, target } = call;
      const { because } = fitting;
      const denial = { capability, operation, target, reason: "malformed", because } as const;
      broker.deny({ ...denial, broker: "not_evaluated" }, refuse);
      return undefined;
    }
    // The policy may have been replaced while a schema took its time.
    if (broker.policy !== before && !broker.mayCall(call.target, refuse)) return undefined;
    broker.calls(call.target);
    const context = {
      cell: this.#cell,
      get signal() {
        return signalOf(waiting);
      },
    };
    try {
      const { handler } = tool;
      const value: unknown = await handler(fitting.value, context);
      const small = encodeSmall(value);
      if (small !== undefined) return toolValue(call.number, small);
      // A handler may give back what it was given, and to encode that can take as long as to decode it did: in a flood of calls, the
      // answers of one turn would hold the loop for as long again.
      return await inTurn(() => toolValue(call.number, travelling(value)));
    } catch (error) {
      // The host or the cell's end has aborted the call, and a handler that hands on its signal rejects for that. Told as a failure, it
      // would take the place of the first real one.
      if (waiting.over !== undefined) return undefined;
      return toolFailure(call.number, failureOf(tool, error));
    }
  }
}

function abandon(waiting: Waiting, reason: unknown): void {
  waiting.over ??= { reason };
  waiting.stop?.abort(reason);
}

/** A handler that asks after its cell's end gets a signal that is aborted. */
function signalOf(waiting: Waiting): AbortSignal {
  waiting.stop ??= new AbortController();
  if (waiting.over !== undefined) waiting.stop.abort(waiting.over.reason);
  return waiting.stop.signal;
}

/** The bytes of a tool's answer that is not small. Throws for an answer that cannot enter a cell. */
function travelling(value: unknown): Buffer {
  const bytes = encodeByV8(value);
  const why = bytes.length > MAX_BODY_BYTES / 2 ? "it is too long" : cloneProblem(bytes)?.why;
  if (why !== undefined) throw new TypeError(`its answer cannot enter the cell: ${why}`);
  return bytes;
}

const FAILED: ToolFailure = { name: "Error", message: "The tool failed" };
const ABORTED: ToolFailure = { name: "Error", message: "The call was aborted" };
const NO_TOOL: ToolFailure = { name: "Error", message: "There is no such tool" };

/** What the guest learns of an error. */
function failureOf(tool: CheckedTool, error: unknown): ToolFailure {
  const meant = meantFailure(error);
  if (meant !== undefined) return meant;
  warnOnce(tool, `the tool "${tool.name}" failed, and its guest learns only that`, error);
  return FAILED;
}

/** What a `ToolError` says; undefined for any other value, and for one whose message or code is not text, as a guest may give it. */
function meantFailure(error: unknown): ToolFailure | undefined {
  try {
    if (!(error instanceof ToolError)) return undefined;
    return {
      name: "ToolError",
      message: cleanText(String(error.message), MAX_MESSAGE),
      ...(error.code === undefined ? {} : { code: cleanText(String(error.code), MAX_CODE) }),
    };
  } catch {
    return undefined;
  }
}
