import { MAX_REQUEST_TARGET } from "../../frames.ts";
import { exchange, type Exchange } from "../http-exchange.ts";
import { contentOf } from "./arguments.ts";
import { Failed, type Grant, type Guard, Malformed } from "./guard.ts";

/** Most redirects that one fetch follows, by the Fetch standard. */
const MAX_REDIRECTS = 20;

/** Names that a guest may not set: they say whom the request is for or where it ends (Fetch's forbidden request-headers). */
const FORBIDDEN_HEADERS = new Set([
  "host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "keep-alive", "expect", "proxy-connection", "via",
]);
/** Dropped when a redirect leaves the origin, as the Fetch standard has it. */
const ORIGIN_BOUND_HEADERS = new Set(["authorization", "cookie", "proxy-authorization"]);

/** `fetch`: the host resolves the name and the checked address is the one connected to; a redirect is a new request. */
export const fetchUrl: Guard = ([url, method, headers, kind, data, redirect], _mode, { wallMs, memoryBytes, ca }) => {
  const first = parseUrl(url);
  const target = targetOf(first);
  if (typeof method !== "string" || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/.test(method)) throw new Malformed("the method is no token", target);
  if (/^(?:connect|trace|track)$/i.test(method)) throw new Malformed("the method is forbidden", target);
  if (redirect !== "follow" && redirect !== "manual" && redirect !== "error") throw new Malformed("redirect must be follow, manual or error", target);
  const pairs = headerPairs(headers, target);
  const body = contentOf(kind, data);
  const deadline = Date.now() + wallMs;

  return {
    target,
    perform: async (granted, ask) => {
      let grant: Grant = granted;
      let current = first;
      let request: Omit<Exchange, "url" | "addresses"> = {
        method: /^(?:get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method,
        headers: pairs,
        body,
        maxBytes: Math.floor(memoryBytes / 4),
        deadline,
        ca,
      };
      for (let hops = 0; ; hops++) {
        if (grant.addresses === undefined || grant.addresses.length === 0) {
          throw new Failed(`fetch failed: ${grant.unresolved ?? "ENOTFOUND"}`, { type: "TypeError", code: grant.unresolved ?? "ENOTFOUND" });
        }
        const reply = await exchange({ ...request, url: current, addresses: grant.addresses });
        const location = reply.location;
        if (location === null || redirect === "manual") {
          const head = {
            status: reply.status,
            statusText: reply.statusText,
            url: current.href,
            redirected: hops > 0,
            headers: reply.headers,
            text: reply.body.toString("utf8"),
          };
          return [`j${JSON.stringify(head)}`, reply.body] as const;
        }
        if (redirect === "error" || hops >= MAX_REDIRECTS) {
          throw new Failed(redirect === "error" ? "fetch failed: redirected" : "fetch failed: too many redirects", { type: "TypeError" });
        }
        const next = redirectUrl(location, current);
        // A new place is a new request to the broker, however it was reached.
        grant = await ask.later(targetOf(next));
        const toGet = reply.status === 303 ? request.method !== "HEAD" : (reply.status === 301 || reply.status === 302) && request.method === "POST";
        if (toGet) request = { ...request, method: "GET", body: new Uint8Array(), headers: request.headers.filter(([name]) => !name.startsWith("content-")) };
        if (next.origin !== current.origin) request = { ...request, headers: request.headers.filter(([name]) => !ORIGIN_BOUND_HEADERS.has(name)) };
        current = next;
      }
    },
  };
};

function parseUrl(url: unknown): URL {
  if (typeof url !== "string") throw new Malformed("the URL is no text");
  const shown = url.slice(0, 256).toWellFormed();
  if (url.length > MAX_REQUEST_TARGET) throw new Malformed("the URL is too long", shown);
  const parsed = URL.parse(url);
  // What is wrong may hold a secret: nothing after the scheme is put into the record.
  if (parsed === null) throw new Malformed("the URL does not parse");
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") throw new Malformed("the URL is not http or https", parsed.protocol);
  if (parsed.username !== "" || parsed.password !== "") throw new Malformed("the URL holds credentials", targetOf(parsed));
  if (parsed.hostname === "") throw new Malformed("the URL names no host");
  return parsed;
}

function redirectUrl(location: string, base: URL): URL {
  const next = URL.parse(location, base.href);
  if (next === null || (next.protocol !== "http:" && next.protocol !== "https:") || next.username !== "" || next.password !== "") {
    throw new Failed("fetch failed: redirected to what is no plain http or https URL", { type: "TypeError" });
  }
  return next;
}

function targetOf(url: URL): string {
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return `${url.hostname}:${port}`;
}

function headerPairs(headers: unknown, target: string): [string, string][] {
  if (typeof headers !== "string") throw new Malformed("the headers are no record of texts", target);
  const pairs = JSON.parse(headers) as [string, string][];
  return pairs.map(([name, value]) => {
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower)) throw new Malformed("a header's name is no token", target);
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new Malformed("a header's value holds control characters", target);
    if (FORBIDDEN_HEADERS.has(lower) || lower.startsWith("proxy-") && lower !== "proxy-authorization") throw new Malformed("a header is forbidden", target);
    return [lower, value];
  });
}
