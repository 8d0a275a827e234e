import type { HttpResponse } from "../otlp/otlp-answer.ts";
import type { RetryingTransport } from "../otlp/retrying-transport.ts";
import { halvesOf, type RequestPart } from "../spool/jsonl.ts";
import { probeLike } from "./probe.ts";
import type { RequestSize } from "./request-size.ts";

/** What a part of a request came to: it was taken, or is refused for good. */
export type LastWord =
  | Extract<HttpResponse, { status: "success" }>
  | { readonly status: "failure" | "retryable"; readonly error: Error };

/** Records that are refused alone, one after the other, before it is asked again whether any are taken. */
const MANY = 8;

/** A part that was not taken. */
interface NotTaken {
  readonly part: RequestPart;
  readonly answer: Exclude<HttpResponse, { status: "success" }>;
}

/**
 * One request, sent in as many parts as it takes.
 *
 * What is refused for good is halved until the record that it is refused for stands alone. Most other refusals say something about
 * the endpoint, and the records wait. But a filter on the way answers 403 to one record, and a server fails with 500 at one, for
 * ever. So a refusal is followed by a probe, a record without anything that could be objected to. If that is taken, the refusal was
 * about a record, and the request is halved; if it is not, there is an outage.
 *
 * What is put off again and again may be larger than there is ever room for, and is halved, too.
 */
export class PartedRequest {
  readonly #transport: RetryingTransport;
  readonly #size: RequestSize;
  readonly #settle: (part: RequestPart, answer: LastWord) => void;
  /** Still to be sent, the last one first. */
  #parts: RequestPart[] = [];
  /** Refused alone, and to be tried once more when it is known that records are taken. They come before the parts. */
  readonly #refused: NotTaken[] = [];
  /** Whether records are taken at the moment, so that a refusal is about what is refused; undefined if it is not known. */
  #isOpen: boolean | undefined;

  /** @param settle is called with each part, in the order of their records. */
  constructor(
    transport: RetryingTransport,
    size: RequestSize,
    settle: (part: RequestPart, answer: LastWord) => void,
  ) {
    this.#transport = transport;
    this.#size = size;
    this.#settle = settle;
  }

  /** For as long as it takes. @returns false if the transport was ended before all of it was settled. */
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
    // In an outage no probe follows each attempt.
    return await this.#transport.sendSome(request, { untilRefused: this.#isOpen === undefined });
  }

  async #taken(part: RequestPart, answer: LastWord): Promise<void> {
    this.#size.taken(part.request.length);
    this.#isOpen = true;
    // If those before it cannot be settled now, it is sent twice rather than accounted for in their place.
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
    // In an open time it was one attempt only, and of a size that was taken before it says nothing.
    const saysNothing = this.#isOpen === true && this.#size.wasTaken(part.request.length);
    this.#isOpen = undefined;
    if (saysNothing || !this.#halve(part)) this.#waitWith(part);
    else {
      this.#size.putOff(part.request.length);
      this.#waitWith();
    }
  }

  /** @param part A record of this request. */
  async #ask(part: RequestPart): Promise<void> {
    this.#isOpen = await this.#takesProbe(part);
    if (this.#isOpen) await this.#tryAgain();
    else this.#waitWith();
  }

  /** Tries once more what was refused alone, since records are taken. What is refused again is the server's last word. */
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

  /** It is an outage after all: what was refused is sent again with all the others. */
  #waitWith(...parts: readonly RequestPart[]): void {
    const refused = this.#refused.splice(0).map(({ part }) => part);
    this.#parts.push(...[...refused, ...parts].toReversed());
  }

  /** @returns false if it is one record, or no request. */
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
