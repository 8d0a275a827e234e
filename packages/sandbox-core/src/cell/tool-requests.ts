import { decodeTaken } from "../clone/decoder.ts";
import { decodeClone } from "../clone/structured-clone.ts";
import type { IncomingFrame } from "../frame-reader.ts";
import { encodeFrame, Frame, nextNumber, outputCost, ToolAnswer, toolHead } from "../frames.ts";
import { type CallBudget, outputLeft } from "./call-budget.ts";
import { sendValue } from "./encode-value.ts";
import type { Answer, Given } from "./guest/bridge.ts";

/** Most tools that wait for an answer. Further calls wait in the cell; the call's output limit bounds what they hold. */
const MAX_AT_ONCE = 128;

/** Longest value that our own decoder reads, bytes. V8's takes longer to begin and end, and less for each property. */
const MAX_SMALL = 1024;

/** A call of a tool by the guest. */
interface Waiting {
  /** The number by which the guest knows it. */
  readonly guestCall: number;
  /** The call into the cell that it is part of. */
  readonly owner: number;
}

/** A tool's answer, for the guest. */
export interface ToolSettled extends Waiting {
  /** A failure or a refusal; undefined for a value. */
  readonly answer: Answer;
  readonly value: unknown;
}

/** What the calls of tools need from their cell. */
export interface ToolRequestHooks {
  send(frame: Buffer): void;
  /** Charges output to a call into the cell. Returns the refusal if it has too little left. */
  spend(bytes: number, call: CallBudget): Answer;
  /** Takes the argument out of the isolate, made plain. */
  takePlain(): unknown;
  /** Gives an answer to the guest. */
  settle(settled: ToolSettled): void;
}

/** The guest's calls of the host's functions, until each has its answer. */
export class ToolRequests {
  readonly #hooks: ToolRequestHooks;
  readonly #waiting = new Map<number, Waiting>();
  /** Calls in line, each with the two parts of its frame; the head has no number yet. */
  readonly #queue: (Waiting & { readonly head: Buffer; readonly args: Buffer })[] = [];
  #last = 0;

  constructor(hooks: ToolRequestHooks) {
    this.#hooks = hooks;
  }

  /**
   * The guest calls a tool. Returns what it gets at once: undefined if the answer comes later.
   *
   * @param given The argument.
   * @param running The call into the cell that it is part of.
   */
  call(guestCall: number, name: string, given: Given, running: CallBudget): Answer {
    return sendValue(
      `the argument of tools.${name}`,
      given,
      () => this.#hooks.takePlain(),
      outputLeft(running),
      (args) => {
        const head = toolHead(0, name);
        const refusal = this.#hooks.spend(outputCost(head, args), running);
        if (refusal !== undefined) return refusal;
        this.#queue.push({ guestCall, owner: running.id, head, args });
        this.#sendNext();
        return undefined;
      },
    );
  }

  /** Takes the host's answer to a call. Drops it if the call into the cell was aborted meanwhile. */
  answered({ id, body }: IncomingFrame): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#sendNext();
    this.#hooks.settle({ ...waiting, ...contentOf(body) });
  }

  /** The host aborted a call into the cell: drops the calls of tools that it made. Their answers are ignored when they come. */
  dropOf(owner: number): void {
    for (const [number, waiting] of this.#waiting)
      if (waiting.owner === owner) this.#waiting.delete(number);
    const left = this.#queue.filter((each) => each.owner !== owner);
    this.#queue.splice(0, this.#queue.length, ...left);
    this.#sendNext();
  }

  #sendNext(): void {
    while (this.#waiting.size < MAX_AT_ONCE) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      const { guestCall, owner, head, args } = next;
      this.#last = nextNumber(this.#last);
      this.#waiting.set(this.#last, { guestCall, owner });
      head.writeUInt32LE(this.#last, 0);
      this.#hooks.send(encodeFrame(Frame.tool, owner, head, args));
    }
  }
}

function contentOf(body: Buffer): Pick<ToolSettled, "answer" | "value"> {
  const content = body.subarray(1);
  switch (body[0]) {
    case ToolAnswer.value:
      return { answer: undefined, value: decoded(content) };
    case ToolAnswer.failure:
      return { answer: `e${content.toString("utf8")}`, value: undefined };
    default:
      return { answer: `r${content.toString("utf8")}`, value: undefined };
  }
}

/** The host has checked the bytes as it checks those that it takes. */
const decoded = (bytes: Buffer): unknown =>
  bytes.length > MAX_SMALL ? decodeClone(bytes) : decodeTaken(bytes);
