import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { isIP } from "node:net";
import type { SecureContext } from "node:tls";

import { decoded, tooLarge } from "./content-encoding.ts";
import { Failed } from "./guards/guard.ts";
import { noted, sameRefusal } from "./guards/kernel-refusal.ts";
import { demandInStep } from "./exchange-in-step.ts";

export interface Exchange {
  readonly url: URL;
  /** Addresses to connect to, already checked by the host; tried in order. The cell itself looks no name up. */
  readonly addresses: readonly string[];
  readonly method: string;
  /** Names in lower case, each once. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** Longest body of the reply, bytes. */
  readonly maxBytes: number;
  /** Unix time in milliseconds. */
  readonly deadline: number;
  /** Whether the guest gets the body of a redirect. */
  readonly readsRedirects: boolean;
  readonly ca: string | null;
  /** Ends the exchange when it is aborted. */
  readonly signal: AbortSignal | undefined;
}

export interface Reply {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  /** The target of a redirect; null if the reply is not one. */
  readonly location: string | null;
  readonly body: Buffer;
}

/** Longest head of a reply, bytes. */
const MAX_HEAD_BYTES = 16_384;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Errors before there was a connection. Only after these may another address be tried: after others, the request could be sent twice. */
const NEVER_CONNECTED = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]);

/** Makes one HTTP request to a checked address and reads the whole reply, which is bounded. Throws {@link Failed}. */
export async function exchange(request: Exchange): Promise<Reply> {
  let failure: unknown;
  for (const address of request.addresses) {
    try {
      return await attempt(request, address);
    } catch (error) {
      failure = error;
      if (!NEVER_CONNECTED.has(codeOf(error))) break;
    }
  }
  if (failure instanceof Failed) throw failure;
  const code = codeOf(failure);
  const failed = new Failed(`fetch failed${code === "" ? "" : `: ${code}`}`, {
    type: "TypeError",
    ...(code === "" ? {} : { code, cause: { message: code, code } }),
  });
  noted(failure, () =>
    (failure as NodeJS.ErrnoException).syscall === "connect" ? "hook" : undefined,
  );
  throw sameRefusal(failed, failure);
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" ? code : "";
}

async function attempt(request: Exchange, address: string): Promise<Reply> {
  const left = request.deadline - Date.now();
  if (left <= 0) throw timedOut();
  const { signal } = request;
  signal?.throwIfAborted();
  const outgoing = await open(request, address);
  const settled = Promise.withResolvers<Reply>();
  const cancel = (): void => settled.reject(cancelled());
  signal?.addEventListener("abort", cancel);
  let isAnswered = false;
  outgoing.on("response", (incoming) => {
    isAnswered = true;
    collect(incoming, request).then(settled.resolve, settled.reject);
  });
  outgoing.on("error", settled.reject);
  // Settle the promise whatever ends the exchange: a switch of protocols, for example, gives neither a response nor an error. Once
  // there is a response, its body settles it, and may still be decoded when the connection has closed.
  outgoing.on("close", () => {
    if (isAnswered) return;
    settled.reject(
      new Failed("fetch failed: the connection closed", {
        type: "TypeError",
        code: "ECONNRESET",
        cause: { message: "other side closed", code: "UND_ERR_SOCKET", name: "SocketError" },
      }),
    );
  });
  const timer = setTimeout(() => settled.reject(timedOut()), left);
  // It may have been aborted while the module was loaded.
  if (signal?.aborted === true) cancel();
  else outgoing.end(request.body);
  try {
    return await settled.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
    outgoing.destroy();
  }
}

async function open(request: Exchange, address: string): Promise<ClientRequest> {
  const { url } = request;
  const secure = url.protocol === "https:";
  const options: RequestOptions = {
    host: address,
    family: isIP(address),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: request.method,
    // Use an agent for this one request, so that no connection is kept alive.
    agent: false,
    setHost: false,
    maxHeaderSize: MAX_HEAD_BYTES,
    headers: {
      ...Object.fromEntries(request.headers),
      host: url.host,
      ...(request.body.length > 0 ? { "content-length": request.body.length } : {}),
    },
  };
  // Load these at first use: most cells never fetch, and each module takes memory in every cell.
  if (!secure) {
    const http = await import("node:http");
    demandInStep();
    return http.request(options);
  }
  const https = await import("node:https");
  const name = url.hostname.replace(/\.$/, "");
  const secureOptions = {
    ...options,
    // Server names are DNS names only, without a final dot; an address is not sent (RFC 6066, section 3).
    servername: isIP(name.replace(/^\[|\]$/g, "")) === 0 ? name : "",
    rejectUnauthorized: true,
    ...(request.ca === null ? {} : { secureContext: await trusting(request.ca) }),
  };
  demandInStep();
  return https.request(secureOptions);
}

let trusted: Promise<SecureContext> | undefined;

/** Makes the context once, because it reads some 150 certificates. A cell has one `ca` for its whole life. */
async function trusting(ca: string): Promise<SecureContext> {
  trusted ??= import("node:tls").then(({ createSecureContext, rootCertificates }) =>
    createSecureContext({ ca: [...rootCertificates, ca] }),
  );
  return await trusted;
}

/** The guest has been told otherwise already. */
function cancelled(): Failed {
  return new Failed("fetch failed: aborted", { type: "TypeError", code: "ABORT_ERR" });
}

function timedOut(): Failed {
  return new Failed("fetch failed: timed out", { type: "TypeError", code: "ETIMEDOUT" });
}

async function collect(
  incoming: IncomingMessage,
  { maxBytes, method, readsRedirects }: Exchange,
): Promise<Reply> {
  const status = incoming.statusCode ?? 0;
  const location = REDIRECTS.has(status) ? (incoming.headers.location ?? null) : null;
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.push([
      String(incoming.rawHeaders[index]).toLowerCase(),
      String(incoming.rawHeaders[index + 1]),
    ]);
  }
  const chunks: Buffer[] = [];
  let total = 0;
  // Do not read the body of a redirect that is followed: the guest never gets it.
  if (location === null || readsRedirects) {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  }
  return {
    status,
    statusText: incoming.statusMessage ?? "",
    headers,
    location,
    body:
      method === "HEAD" || total === 0
        ? Buffer.concat(chunks, total)
        : await decoded(Buffer.concat(chunks, total), codings(incoming), maxBytes),
  };
}

/** The content codings of a reply, in the order in which they were applied. */
function codings({ headers }: IncomingMessage): string[] {
  const value = headers["content-encoding"] ?? "";
  return value
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
}
