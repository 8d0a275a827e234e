import { copyOf } from "./body.ts";
import { pairsOf } from "./headers.ts";
import { received } from "./response.ts";
import { MAX_ADDRESS, Request } from "./request.ts";

/** A request as it crosses the wall: nothing but texts and bytes. */
interface Prepared {
  readonly url: string;
  readonly method: string;
  /** JSON, a list of pairs. */
  readonly headers: string;
  readonly body: Uint8Array | null;
  readonly redirect: string;
  readonly signal: Request["signal"];
}

/**
 * Makes of the arguments of `fetch` what is sent. An address of HTTP that does not parse, or is too long for that, is passed on as
 * it is: it may be an attempt to reach a host by a trick of spelling, which the host refuses and records.
 *
 * @throws TypeError for what is not a request.
 */
export function prepare(input: unknown, init: object | undefined): Prepared {
  const isTried =
    typeof input === "string" &&
    /^\s*https?:\/\//i.test(input) &&
    (input.length > MAX_ADDRESS || !URL.canParse(input));
  const request = new Request(isTried ? "http://invalid/" : input, init);
  const [body] = copyOf(request);
  return {
    url: isTried ? input : request.url,
    method: request.method,
    headers: JSON.stringify(pairsOf(request.headers)),
    body,
    redirect: request.redirect,
    signal: request.signal,
  };
}

export { Blob, File } from "./blob.ts";
export { FormData } from "./form-data.ts";
export { Headers } from "./headers.ts";
export { Response } from "./response.ts";
export { received, Request };
