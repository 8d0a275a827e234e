import { exchange, type Exchange } from "../http-exchange.ts";
import { contentOf } from "./parse-arguments.ts";
import { Failed, type Grant, type Guard, Malformed } from "./guard.ts";
import { headerPairs } from "./headers.ts";

/** Most redirects that one fetch follows, by the Fetch standard. */
const MAX_REDIRECTS = 20;

/** Longest URL, in UTF-16 code units. */
const MAX_URL = 8192;

/** Longest target, in UTF-16 code units. A host in DNS has at most 253 octets, but other spellings of a host may be longer. */
const MAX_ENDPOINT = 1024;

/** Headers that are dropped when a redirect leaves the origin (Fetch standard). */
const ORIGIN_BOUND_HEADERS = new Set(["authorization", "cookie"]);

/** What Node's own fetch sends where a program does not say otherwise. Some servers refuse a request without a user agent. */
const USUAL_HEADERS = [
  ["accept", "*/*"],
  ["accept-language", "*"],
  ["sec-fetch-mode", "cors"],
  ["user-agent", "node"],
  ["accept-encoding", "gzip, deflate"],
] as const;

/** One body may take this part of the cell's memory (1/8), because it is held as bytes and as text, both here and in the guest. */
const BODY_SHARE = 8;

/** `fetch`. The host resolves the name, and the guard connects to an address that the host has checked. A redirect is a new request. */
export const fetchUrl: Guard = (
  [url, givenMethod, headers, kind, data, redirect],
  _mode,
  { wallMs, memoryBytes, ca, signal },
) => {
  const first = parseUrl(url);
  const target = targetOf(first);
  const method = methodOf(givenMethod, target);
  if (redirect !== "follow" && redirect !== "manual" && redirect !== "error")
    throw new Malformed("redirect must be follow, manual or error", target);
  const pairs = headerPairs(headers, target);
  const body = contentOf(kind, data, null, target);
  if (body.length > 0 && (method === "GET" || method === "HEAD"))
    throw new Malformed("a GET or HEAD request has no body", target);
  for (const [name, value] of USUAL_HEADERS)
    if (!pairs.some(([given]) => given === name)) pairs.push([name, value]);
  const deadline = Date.now() + wallMs;

  return {
    target,
    perform: async (granted, ask) => {
      let grant: Grant = granted;
      let current = first;
      let request: Omit<Exchange, "url" | "addresses"> = {
        method,
        headers: pairs,
        body,
        maxBytes: Math.floor(memoryBytes / BODY_SHARE),
        deadline,
        readsRedirects: redirect === "manual",
        ca,
        signal,
      };
      for (let hops = 0; ; hops++) {
        if (grant.addresses === undefined || grant.addresses.length === 0) {
          const code = grant.unresolved ?? "ENOTFOUND";
          const cause = { message: `getaddrinfo ${code}`, code, syscall: "getaddrinfo" };
          throw new Failed(`fetch failed: ${code}`, { type: "TypeError", code, cause });
        }
        const {
          location,
          body: bytes,
          ...reply
        } = await exchange({ ...request, url: current, addresses: grant.addresses });
        if (location === null || redirect === "manual") {
          const head = { ...reply, url: withoutFragment(current), redirected: hops > 0 };
          return [`h${JSON.stringify(head)}\n${bytes.toString("utf8")}`, bytes] as const;
        }
        if (redirect === "error" || hops >= MAX_REDIRECTS) {
          throw redirect === "error"
            ? new Failed("fetch failed: redirected", {
                type: "TypeError",
                cause: { message: "unexpected redirect" },
              })
            : new Failed("fetch failed: too many redirects", {
                type: "TypeError",
                cause: { message: "redirect count exceeded" },
              });
        }
        // A redirect is a new request to the broker, also to the same origin. A malformed location is refused like a malformed
        // URL from the guest.
        const next = parseUrl(location, current);
        grant = await ask.later(targetOf(next));
        request = redirected(request, reply.status, next.origin === current.origin);
        current = next;
      }
    },
  };
};

function parseUrl(url: unknown, base?: URL): URL {
  if (typeof url !== "string") throw new Malformed("the URL is not text");
  if (url.length > MAX_URL) throw new Malformed("the URL is too long", triedEndpoint(url));
  const parsed = URL.parse(url, base?.href);
  if (parsed === null) throw new Malformed("the URL does not parse", triedEndpoint(url));
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:")
    throw new Malformed("the URL is not http or https", parsed.protocol.slice(0, 64));
  if (parsed.hostname === "") throw new Malformed("the URL names no host");
  const target = targetOf(parsed);
  if (target.length > MAX_ENDPOINT)
    throw new Malformed("the host is too long", target.slice(0, MAX_ENDPOINT));
  if (parsed.username !== "" || parsed.password !== "")
    throw new Malformed("the URL holds credentials", target);
  return parsed;
}

/**
 * What a record may show of a malformed URL: its scheme, and the text where its host would be. Nothing after the host and nothing
 * before an `@`, because a URL may hold a secret there.
 */
function triedEndpoint(url: string): string {
  const [, scheme = "", authority = ""] =
    /^\s*([a-z][a-z0-9+.-]{0,63}:)[\\/]*([^\\/?#]{0,4096})/i.exec(url) ?? [];
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const isHttp = /^https?:$/i.test(scheme);
  return (isHttp && host !== "" ? host : scheme).slice(0, MAX_ENDPOINT).toWellFormed();
}

function targetOf(url: URL): string {
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return `${url.hostname}:${port}`;
}

/** Normalizes a method as the Fetch standard does: six methods in any case become upper case, all others stay as they are. */
function methodOf(method: unknown, target: string): string {
  if (typeof method !== "string" || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/.test(method))
    throw new Malformed("the method is not a token", target);
  if (/^(?:connect|trace|track)$/i.test(method))
    throw new Malformed("the method is forbidden", target);
  return /^(?:get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method;
}

/** The request to send to the place that a redirect leads to. */
function redirected<R extends Pick<Exchange, "method" | "headers" | "body">>(
  request: R,
  status: number,
  sameOrigin: boolean,
): R {
  const toGet =
    status === 303
      ? request.method !== "GET" && request.method !== "HEAD"
      : (status === 301 || status === 302) && request.method === "POST";
  const headers = request.headers.filter(
    ([name]) =>
      !(toGet && name.startsWith("content-")) && (sameOrigin || !ORIGIN_BOUND_HEADERS.has(name)),
  );
  return toGet
    ? { ...request, method: "GET", body: new Uint8Array(), headers }
    : { ...request, headers };
}

function withoutFragment(url: URL): string {
  const shown = new URL(url);
  shown.hash = "";
  return shown.href;
}
