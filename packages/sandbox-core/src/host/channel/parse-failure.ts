import {
  type ErrorTexts,
  type Failure,
  MAX_FAILURE_TEXT_BYTES,
  MAX_NESTED_ERRORS,
  MAX_NESTED_TEXT_BYTES,
  NESTED_KINDS,
  type NestedError,
} from "../../failure-frame.ts";
import { WireError } from "./wire.ts";

/** @throws WireError for bytes that are not a failure. */
export function parseFailure(body: Buffer): Failure {
  const texts = new Texts(body);
  const denial = texts.next(MAX_FAILURE_TEXT_BYTES);
  const failed = errorTexts(texts, MAX_FAILURE_TEXT_BYTES);
  const nested: NestedError[] = [];
  while (!texts.isAtEnd) {
    if (nested.length === MAX_NESTED_ERRORS) throw new WireError("failure of another form");
    nested.push({
      ...linkOf(texts.next(MAX_NESTED_TEXT_BYTES), nested.length),
      ...errorTexts(texts, MAX_NESTED_TEXT_BYTES),
    });
  }
  return {
    ...(denial === "" ? {} : { denial }),
    ...failed,
    ...(nested.length === 0 ? {} : { nested }),
  };
}

function errorTexts(texts: Texts, most: number): ErrorTexts {
  const [name, message, stack, code] = [
    texts.next(most),
    texts.next(most),
    texts.next(most),
    texts.next(most),
  ];
  return { name, message, stack, ...(code === "" ? {} : { code }) };
}

/** @param before How many further errors stand before this one: it can only be one of theirs, or the failure's own. */
function linkOf(text: string, before: number): Pick<NestedError, "kind" | "of" | "as"> {
  const [, kind = "", as, of] = /^(.)(cause|errors) (\d{1,2})$/.exec(text) ?? [];
  if (!Object.hasOwn(NESTED_KINDS, kind) || Number(of) > before)
    throw new WireError("failure of another form");
  return {
    kind: kind as NestedError["kind"],
    of: Number(of),
    as: as as NestedError["as"],
  };
}

/** The texts of a failure, one after another, each after its length. */
class Texts {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#body.length;
  }

  next(most: number): string {
    const body = this.#body;
    const from = this.#at + 4;
    const length = from <= body.length ? body.readUInt32LE(this.#at) : body.length;
    if (length > most || from + length > body.length)
      throw new WireError("failure of another form");
    this.#at = from + length;
    return body.toString("utf8", from, this.#at);
  }
}
