import legacy from "url/url.js";

import { invalidArgument } from "./argument-errors.ts";
import { URL, URLSearchParams } from "./web-url.ts";

type Legacy = Pick<typeof import("node:url"), "format" | "parse" | "resolve">;

const { format: formatLegacy, parse: parseLegacy, resolve } = legacy as unknown as Legacy;

const parse = ((url: unknown, ...rest: [boolean?, boolean?]) => {
  if (typeof url !== "string" && !(url instanceof legacy.Url))
    throw invalidArgument("url", "of type string", url);
  const parsed = parseLegacy(url as string, ...(rest as [true]));
  // Where there is no query the library gives an object that has more than the query's names.
  if (rest[0] === true && typeof parsed.query === "object" && parsed.query !== null)
    Object.setPrototypeOf(parsed.query, null);
  return parsed;
}) as typeof parseLegacy;

function fail(code: string, message: string): never {
  throw Object.assign(new TypeError(message), { code });
}

/** The path that a `file:` URL names. */
function fileURLToPath(given: unknown): string {
  const url = typeof given === "string" ? new URL(given) : given;
  if (!(url instanceof URL))
    fail(
      "ERR_INVALID_ARG_TYPE",
      'The "path" argument must be of type string or an instance of URL',
    );
  if (url.protocol !== "file:") fail("ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
  if (url.hostname !== "")
    fail("ERR_INVALID_FILE_URL_HOST", 'File URL host must be "localhost" or empty on linux');
  if (/%2f/i.test(url.pathname))
    fail("ERR_INVALID_FILE_URL_PATH", "File URL path must not include encoded / characters");
  return decodeURIComponent(url.pathname);
}

/** The `file:` URL of a path, from `/` if it is relative. */
function pathToFileURL(given: string): URL {
  const { resolve: resolvePath } = require("./path.ts") as typeof import("node:path");
  const end = given.endsWith("/") ? "/" : "";
  const path = resolvePath("/", given);
  const url = new URL("file:///");
  url.pathname = (path.endsWith("/") ? path : path + end)
    .replaceAll("%", "%25")
    .replaceAll("\\", "%5C")
    .replaceAll("\n", "%0A")
    .replaceAll("\r", "%0D")
    .replaceAll("\t", "%09")
    .replaceAll("?", "%3F")
    .replaceAll("#", "%23");
  return url;
}

function urlToHttpOptions(url: URL): object {
  const { protocol, hostname, hash, search, pathname, href, port, username, password } = url;
  const auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    __proto__: null,
    protocol,
    hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
    hash,
    search,
    pathname,
    path: `${pathname}${search}`,
    href,
    ...(port === "" ? {} : { port: Number(port) }),
    ...(username === "" && password === "" ? {} : { auth }),
  };
}

interface FormatOptions {
  readonly auth?: boolean;
  readonly fragment?: boolean;
  readonly search?: boolean;
  readonly unicode?: boolean;
}

function format(given: unknown, options: FormatOptions = {}): string {
  if (!(given instanceof URL)) return formatLegacy(given as Parameters<typeof formatLegacy>[0]);
  const url = new URL(given.href);
  if (options.auth === false) url.username = url.password = "";
  if (options.fragment === false) url.hash = "";
  if (options.search === false) url.search = "";
  return options.unicode === true
    ? url.href.replace(url.hostname, domainToUnicode(url.hostname))
    : url.href;
}

const domainToASCII = (domain: string): string => URL.parse(`ws://${domain}`)?.hostname ?? "";

function domainToUnicode(domain: string): string {
  const { toUnicode } = require("./idna.ts") as typeof import("./idna.ts");
  return toUnicode(domainToASCII(domain), {}).domain;
}

export {
  domainToASCII,
  domainToUnicode,
  fileURLToPath,
  format,
  parse,
  pathToFileURL,
  resolve,
  URL,
  URLSearchParams,
  urlToHttpOptions,
};
