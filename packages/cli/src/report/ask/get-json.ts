import { isRecord, parsed } from "../../json.ts";
import { SourceError } from "./source-error.ts";

/** The server to ask, for messages and limits. */
export interface QueriedServer {
  /** `Prometheus`, `VictoriaLogs` or `Loki`. */
  readonly who: string;
  /** Its base address; a path in it is kept. */
  readonly base: URL;
  readonly signal?: AbortSignal;
}

/** Milliseconds to wait for one answer. */
const WITHIN_MS = 60_000;
/** Longest answer, bytes. No answer to these queries is longer. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Sends a query by POST, because it may be longer than a URL may be.
 *
 * @throws {SourceError} If there is no answer.
 */
export async function askText(
  { who, base, signal }: QueriedServer,
  path: string,
  form: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  const url = new URL(`${base.pathname.replace(/\/+$/, "")}${path}`, base);
  const timeout = AbortSignal.timeout(WITHIN_MS);
  try {
    const response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(form),
      redirect: "error",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    return { status: response.status, text: await bounded(response, who) };
  } catch (error) {
    if (error instanceof SourceError || signal?.aborted === true) throw error;
    throw new SourceError(`${who} does not answer at ${base.origin}: ${whyNot(error)}.`, {
      cause: error,
    });
  }
}

/**
 * Sends a query whose answer is one JSON document, as Prometheus gives it.
 *
 * @returns `data` of an answer whose `status` is `success`. The caller checks its shape.
 * @throws {SourceError}
 */
export async function askJson(
  asked: QueriedServer,
  path: string,
  form: Readonly<Record<string, string>>,
): Promise<unknown> {
  const { who, base } = asked;
  const { status, text } = await askText(asked, path, form);
  const answer = parsed(text);
  if (!isRecord(answer)) {
    // The log stores refuse in plain text.
    const said = status === 200 ? "" : `: ${firstLine(text)}`;
    throw new SourceError(
      `What answers at ${base.origin} is not ${who}: HTTP ${status}, no JSON${said}.`,
    );
  }
  if (answer["status"] !== "success") {
    const said = typeof answer["error"] === "string" ? answer["error"] : `HTTP ${status}`;
    throw new SourceError(`${who} rejects a query: ${firstLine(said)}.`);
  }
  return answer["data"];
}

async function bounded(response: Response, who: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  if (response.body === null) return text;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES)
      throw new SourceError(
        `${who} answers with more than ${MAX_BYTES / 1024 / 1024} MiB. Ask for less: a shorter range, one job or one instance.`,
      );
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function whyNot(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError")
    return `nothing within ${WITHIN_MS / 1000} s`;
  // fetch's own message is only "fetch failed"; the cause says what failed.
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return messageOf(cause.errors[0]);
  return messageOf(cause);
}

function messageOf(cause: unknown): string {
  return firstLine(cause instanceof Error ? cause.message : String(cause));
}

/** The first line of a server's message, cut and without its final dot. */
export function firstLine(text: string): string {
  return (text.trim().split("\n", 1)[0] ?? "").slice(0, 300).replace(/\.$/, "");
}
