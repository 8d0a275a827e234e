import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { isIP } from "node:net";

import { Failed } from "./guards/guard.ts";

export interface Exchange {
  readonly url: URL;
  /** Where to connect, already checked; tried in order. No name is looked up here. */
  readonly addresses: readonly string[];
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  readonly maxBytes: number;
  /** Unix time in milliseconds. */
  readonly deadline: number;
  readonly ca: string | null;
}

export interface Reply {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Where a redirect leads, else null. */
  readonly location: string | null;
  readonly body: Buffer;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** One HTTP request to a checked address, and the whole of its bounded reply. Throws {@link Failed}. */
export async function exchange(request: Exchange): Promise<Reply> {
  let failure: unknown;
  for (const address of request.addresses) {
    try {
      return await attempt(request, address);
    } catch (error) {
      failure = error;
      // Only a connection that never stood may be tried elsewhere: a request may not be sent twice.
      if (!["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"].includes(codeOf(error))) break;
    }
  }
  if (failure instanceof Failed) throw failure;
  const code = codeOf(failure);
  throw new Failed(`fetch failed${code === "" ? "" : `: ${code}`}`, { type: "TypeError", ...(code === "" ? {} : { code }) });
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" ? code : "";
}

async function attempt(request: Exchange, address: string): Promise<Reply> {
  const { url } = request;
  const secure = url.protocol === "https:";
  // Loaded at first use: most cells never fetch, and each of these costs memory in every cell.
  const { request: open } = secure ? await import("node:https") : await import("node:http");
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const options: RequestOptions & { servername?: string; ca?: string[] } = {
    host: address,
    family: isIP(address),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: request.method,
    agent: false,
    setHost: false,
    headers: { host: url.host, ...Object.fromEntries(request.headers), ...(request.body.length > 0 ? { "content-length": request.body.length } : {}) },
    // An address is never sent as a name (RFC 6066, section 3).
    ...(secure ? { servername: isIP(hostname) === 0 ? hostname : "" } : {}),
    ...(secure && request.ca !== null ? { ca: [...(await import("node:tls")).rootCertificates, request.ca] } : {}),
  };
  const settled = Promise.withResolvers<Reply>();
  const left = request.deadline - Date.now();
  if (left <= 0) throw timedOut();
  const outgoing: ClientRequest = open(options, (incoming) => {
    collect(incoming, request.maxBytes).then(settled.resolve, (error: unknown) => {
      outgoing.destroy();
      settled.reject(error);
    });
  });
  outgoing.on("error", settled.reject);
  const timer = setTimeout(() => {
    settled.reject(timedOut());
    outgoing.destroy();
  }, left);
  outgoing.end(request.body);
  try {
    return await settled.promise;
  } finally {
    clearTimeout(timer);
    outgoing.destroy();
  }
}

function timedOut(): Failed {
  return new Failed("fetch failed: timed out", { type: "TypeError", code: "ETIMEDOUT" });
}

async function collect(incoming: IncomingMessage, maxBytes: number): Promise<Reply> {
  const status = incoming.statusCode ?? 0;
  const location = REDIRECTS.has(status) ? (incoming.headers.location ?? null) : null;
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.push([String(incoming.rawHeaders[index]).toLowerCase(), String(incoming.rawHeaders[index + 1])]);
  }
  const chunks: Buffer[] = [];
  let total = 0;
  // A redirect's body is nobody's: it is not read.
  if (location === null) {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > maxBytes) throw new Failed(`fetch failed: the body is larger than ${maxBytes} bytes`, { type: "TypeError", code: "ERR_BODY_TOO_LARGE" });
      chunks.push(chunk);
    }
  }
  return { status, statusText: incoming.statusMessage ?? "", headers, location, body: Buffer.concat(chunks, total) };
}
