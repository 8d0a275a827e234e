import type { HttpResponse } from "../otlp/otlp-answer.ts";
import type { RetryingTransport } from "../otlp/retrying-transport.ts";
import { halvesOf, type RequestPart } from "../spool/jsonl.ts";
import { probeLike } from "./probe.ts";
import type { RequestSize } from "./request-size.ts";

/** The answer that settles a part of a request: it was taken, or is refused for good. */
export type FinalAnswer =
  | Extract<HttpResponse, { status: "success" }>
  | { readonly status: "failure" | "retryable"; readonly error: Error };

/** How many records, each sent alone, are refused in a row before a probe asks again whether any record is taken. */
const MANY = 8;

/** A part that was not taken. */
interface NotTaken {
  readonly part: RequestPart;
  readonly answer: Exclude<HttpResponse, { status: "success" }>;
}

/**
 * One request, sent in as many parts as it takes.
 *
 * A part that is refused for good is halved until the record that caused it stands alone. Most other refusals are about the
 * server, and the records wait. But a filter on the way may answer 403 to one record for ever, and a server may fail with 500 at
 * one. So such a refusal is followed by a probe: a harmless record. If the server takes it, the refusal was about a record, and the
 * part is halved. If not, there is an outage.
 *
 * A part that is put off again and again may be larger than the server ever has room for, and is halved too.
 */
export class PartedRequest {
  readonly #transport: RetryingTransport;
  readonly #size: RequestSize;
  readonly #settle: (part: RequestPart, answer: FinalAnswer) => void;
  /** Still to be sent, the last one first. */
  #parts: RequestPart[] = [];
  /** Records refused alone, to be tried once more when it is known that records are taken. They were before `#parts`. */
  readonly #refused: NotTaken[] = [];
  /** Whether the server takes records now, so that a refusal is about the refused record; undefined if that is not known. */
  #isOpen: boolean | undefined;

  /** @param settle is called with each part, in the order of their records. */
  constructor(
    transport: RetryingTransport,
    size: RequestSize,
    settle: (part: RequestPart, answer: FinalAnswer) => void,
  ) {
    this.#transport = transport;
    this.#size = size;
    this.#settle = settle;
  }

  /** Sends all of it, however long that takes. @returns false if the transport was ended before all of it was settled. */
  async send(whole: RequestPart): Promise<boolean> {
    this.#parts = [whole];
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      if (this.#size.isTooLarge(part.request.length) && this.#halve(part)) continue;
      const answer = await this.#attempt(part);
      if (answer.status === "success") await this.#taken(part, answer);
      else if (this.#transport.closed && answer.status === "retryable") return false;
      else await this.#notTaken({ part, answer });
      const isLast = this.#parts.length === 0 && this.#refused.length > 0;
      if (isLast || this.#refused.length >= MANY) await this.#ask(part);
    }
    return true;
  }

  async #attempt({ request }: RequestPart): Promise<HttpResponse> {
    if (this.#isOpen === true) return await this.#transport.sendOnce(request);
    // In an outage, do not send a probe after each attempt: let the transport retry instead.
    return await this.#transport.sendSome(request, { untilRefused: this.#isOpen === undefined });
  }

  async #taken(part: RequestPart, answer: FinalAnswer): Promise<void> {
    this.#size.taken(part.request.length);
    this.#isOpen = true;
    // Settle the records before this part first. If that fails now, send this part twice rather than settle it in their place.
    this.#parts.push(part);
    await this.#tryAgain();
    if (!this.#isOpen) return;
    this.#parts.pop();
    this.#settle(part, answer);
  }

  async #notTaken({ part, answer }: NotTaken): Promise<void> {
    if (answer.status === "failure") {
      if (this.#halve(part)) return;
      if (this.#refused.length === 0) this.#settle(part, answer);
      else this.#refused.push({ part, answer });
    } else if (answer.refused === true) {
      const wasOpen = this.#isOpen === true;
      this.#isOpen = wasOpen || (await this.#takesProbe(part));
      if (!this.#isOpen) this.#waitWith(part);
      else if (!this.#halve(part)) {
        this.#refused.push({ part, answer });
        if (!wasOpen) await this.#tryAgain();
      }
    } else {
      this.#putOff(part);
    }
  }

  #putOff(part: RequestPart): void {
    // While records are taken there was one attempt only. At a size that was taken before, its failure says nothing about the size.
    const saysNothing = this.#isOpen === true && this.#size.wasTaken(part.request.length);
    this.#isOpen = undefined;
    if (saysNothing || !this.#halve(part)) this.#waitWith(part);
    else {
      this.#size.putOff(part.request.length);
      this.#waitWith();
    }
  }

  /** Sends a probe, and tries the refused records again if it is taken. @param part The probe is made like it. */
  async #ask(part: RequestPart): Promise<void> {
    this.#isOpen = await this.#takesProbe(part);
    if (this.#isOpen) await this.#tryAgain();
    else this.#waitWith();
  }

  /** Sends the refused records once more, since records are taken. A second refusal is final. */
  async #tryAgain(): Promise<void> {
    for (let first = this.#refused[0]; first !== undefined; first = this.#refused[0]) {
      const { part } = first;
      const answer =
        first.answer.status === "failure"
          ? first.answer
          : await this.#transport.sendOnce(part.request);
      if (answer.status === "retryable" && answer.refused !== true) {
        this.#isOpen = undefined;
        this.#waitWith();
        return;
      }
      this.#refused.shift();
      this.#settle(part, answer);
    }
  }

  /** It is an outage after all: puts the refused records back in front of the parts, to be sent again. */
  #waitWith(...parts: readonly RequestPart[]): void {
    const refused = this.#refused.splice(0).map(({ part }) => part);
    this.#parts.push(...[...refused, ...parts].toReversed());
  }

  /** @returns false if it is one record, or not a request. */
  #halve(part: RequestPart): boolean {
    const halves = halvesOf(part.request);
    if (halves === undefined) return false;
    this.#parts.push(...halves.toReversed());
    return true;
  }

  async #takesProbe({ request }: RequestPart): Promise<boolean> {
    const answer = await this.#transport.sendSome(probeLike(request), { attempts: 1 });
    return answer.status === "success";
  }
}
