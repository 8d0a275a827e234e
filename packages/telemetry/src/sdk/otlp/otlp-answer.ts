import type { IncomingHttpHeaders } from "node:http";

import type {
  ExportResponseFailure,
  ExportResponseRetryable,
  ExportResponseSuccess,
} from "@opentelemetry/otlp-exporter-base";
import { ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";

/** What became of one request. `failure`: the server says that it will never take this request, whatever is tried. */
export type HttpResponse =
  | ExportResponseSuccess
  | ExportResponseFailure
  | (ExportResponseRetryable & {
      readonly error: Error;
      /** Whether the server has answered, and not that it would take the request later. That may still be about what is in it. */
      readonly refused?: boolean;
    });

/** An answer as it came over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Statuses that say something about the request itself, which would be refused again. Any other is about the endpoint, the
 * account or the way there, and an operator can correct a wrong token, path, quota or proxy while the records wait. A
 * redirection is not followed, because it could lead the records anywhere: it waits too.
 */
const REFUSALS = new Set([400, 413, 422]);

/** Statuses that say that the same request will be taken at another time. */
const LATER = new Set([408, 425, 429, 502, 503, 504]);

/** What an answer says became of the request. */
export function readAnswer({ status, headers, body }: HttpAnswer): HttpResponse {
  const isPage = /^\s*text\/html\b/i.test(headers["content-type"] ?? "");
  if (status >= 200 && status <= 299) {
    const said = isPage ? undefined : exportResponse(headers["content-type"], body);
    if (said !== undefined) return { status: "success", data: said };
    return {
      status: "retryable",
      error: saying(`the server answered ${status}, but is not an OTLP receiver`, body),
      refused: true,
    };
  }
  const error = saying(`the server answered ${status}`, body);
  // A web page comes from a proxy on the way. With 400 it says nothing about the records; with 413 it is about the request's size.
  if (REFUSALS.has(status) && (status === 413 || !isPage)) return { status: "failure", error };
  const after = retryAfter(headers["retry-after"]);
  const refused = !LATER.has(status);
  return {
    status: "retryable",
    error,
    refused,
    ...(after === undefined ? {} : { retryInMillis: after }),
  };
}

/** Most bytes of an answer that are quoted in an error. */
const QUOTED = 200;

function saying(what: string, body: Buffer): Error {
  const said = body.toString("utf8", 0, QUOTED);
  return new Error(said === "" ? what : `${what}: ${said}`);
}

/** The ExportLogsServiceResponse or ExportMetricsServiceResponse in JSON; undefined if the body is neither. */
function exportResponse(type: string | undefined, body: Buffer): Buffer | undefined {
  // Some receivers answer 204, or 200 with nothing in it: an empty body is valid for a message whose fields are all optional.
  if (body.length === 0) return body;
  try {
    if (/^\s*application\/x-protobuf\b/i.test(type ?? "")) {
      return Buffer.from(JSON.stringify(ProtobufLogsSerializer.deserializeResponse(body)));
    }
    const said: unknown = JSON.parse(body.toString());
    const isResponse = isObject(said) && isPartialSuccess(said["partialSuccess"]) && !isError(said);
    return isResponse ? body : undefined;
  } catch {
    return undefined;
  }
}

function isPartialSuccess(value: unknown): boolean {
  return value === undefined || value === null || isObject(value);
}

/**
 * Whether a gateway on the way says by its text what its status does not: under `error` or `errors`, or as the gRPC status that stands
 * in the answer of a receiver that refuses. Any other field is one that this version does not know.
 */
function isError({ error, errors, code, message }: Readonly<Record<string, unknown>>): boolean {
  const isSaid = (value: unknown) =>
    Boolean(value) && !(Array.isArray(value) && value.length === 0);
  const isStatus = typeof code === "number" && code >= 1 && code <= LAST_GRPC_CODE;
  return isSaid(error) || isSaid(errors) || (isStatus && typeof message === "string");
}

/** UNAUTHENTICATED, the last one of gRPC's codes. */
const LAST_GRPC_CODE = 16;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The Retry-After header in milliseconds: it has seconds, or a date. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const millis = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(millis) ? Math.max(millis, 0) : undefined;
}
