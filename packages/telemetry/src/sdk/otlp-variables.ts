import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { createSecureContext } from "node:tls";

import { type EnvironmentReader, LONGEST } from "./environment-reader.ts";

/** The signals that go out by OTLP, as the variables' names spell them. */
export type Signal = "METRICS" | "LOGS";

/** Where a signal's requests go. `fault`: a variable names a destination that cannot be used, and there is to be no other. */
export type Destination =
  | { readonly url: string | undefined; readonly fault?: undefined }
  | { readonly url: string; readonly fault: string };

/** A URL that no request can be sent to, because Node knows no such protocol. */
export const NOWHERE = "nowhere:";

/** The OTLP Collector's default port, on this machine. */
const DEFAULT_ENDPOINT = "http://127.0.0.1:4318";

/** @param endpoint The option, which wins over the variables. */
export function destinationOf(
  endpoint: string | undefined,
  env: EnvironmentReader,
  signal: Signal,
  path: string,
): Destination {
  if (endpoint !== undefined) return { url: join(endpoint, path) };
  for (const name of [
    `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`,
    "OTEL_EXPORTER_OTLP_ENDPOINT",
  ] as const) {
    const value = env.text(name);
    if (value === undefined) continue;
    const isBase = name === "OTEL_EXPORTER_OTLP_ENDPOINT";
    if (!isHttpUrl(value, isBase)) {
      const fault = `${name} is not an http or https URL: nothing is sent until it is, and records wait`;
      env.unusable(name, withoutUser(value), WANTED_URL, "nothing is sent, and records wait");
      return { url: NOWHERE, fault };
    }
    const url = isBase ? join(value, path) : value;
    warnOfPath(env, name, url, path);
    // The exporter reads it itself, because it knows the variables' rules; but padded with space it would send elsewhere.
    return { url: env.isPadded(name) ? url : undefined };
  }
  // The exporter's own default is `localhost`, which may resolve to an address where no Collector listens.
  return { url: join(DEFAULT_ENDPOINT, path) };
}

/** A base that has what is added to it, or a signal's URL that lacks what nothing adds. It is used all the same: a proxy may want it so. */
function warnOfPath(env: EnvironmentReader, name: string, url: string, path: string): void {
  const { pathname } = new URL(url);
  if (new RegExp(`/v1/(?:logs|metrics|traces)/+${path}$`).test(pathname)) {
    env.warn(
      `${name} ends with the path of a signal, and that is added to it once more: leave it out`,
    );
  } else if (pathname === "/") {
    env.warn(`${name} has no path, and is used as it is: a receiver of OTLP takes /${path}`);
  }
}

/** Warns of each variable that the exporter would pass over in silence, or fail with at every request. */
export function checkOtlpVariables(env: EnvironmentReader, signal: Signal): void {
  for (const [suffix, check] of Object.entries(CHECKS)) {
    for (const name of [`OTEL_EXPORTER_OTLP_${signal}_${suffix}`, `OTEL_EXPORTER_OTLP_${suffix}`]) {
      const value = env.text(name);
      if (value !== undefined) check(env, name, value);
    }
  }
  if (signal === "METRICS") {
    const name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    const value = env.text(name);
    if (value !== undefined && !TEMPORALITIES.includes(value.toLowerCase())) {
      env.unusable(name, value, `one of ${TEMPORALITIES.join(", ")}`, "cumulative is used");
    }
  }
}

const WANTED_URL = "an http or https URL, such as http://127.0.0.1:4318, without quotes";
const TEMPORALITIES = ["cumulative", "delta", "lowmemory"];

type Check = (env: EnvironmentReader, name: string, value: string) => void;

const CHECKS: Readonly<Record<string, Check>> = {
  TIMEOUT: (env, name, value) => {
    const millis = Number(value);
    if (millis > 0 && millis <= LONGEST) return;
    const wanted = `a number of milliseconds above 0 and up to ${LONGEST}, without a unit`;
    env.unusable(name, value, wanted);
  },
  COMPRESSION: (env, name, value) => {
    if (value !== "gzip" && value !== "none") env.unusable(name, value, "gzip or none");
  },
  // Not quoted: a header may be a password.
  HEADERS: (env, name, value) => {
    const wrong = value.split(",").filter((pair) => pair.trim() !== "" && !isHeader(pair)).length;
    if (wrong === 0) return;
    env.warn(
      `${name} has ${wrong === 1 ? "a pair" : `${wrong} pairs`} that cannot be used: ` +
        "write name=value, several with a comma between them, and percent-encode what is not plain; they are not sent",
    );
  },
  CERTIFICATE: fileCheck((content) => new X509Certificate(content), "the system's are trusted"),
  CLIENT_CERTIFICATE: fileCheck(
    (content) => createSecureContext({ cert: content }),
    "none is presented",
  ),
  CLIENT_KEY: fileCheck((content) => createSecureContext({ key: content }), "none is used"),
};

/** @param use throws if the file's content cannot be used. */
function fileCheck(use: (content: Buffer) => unknown, instead: string): Check {
  return (env, name, value) => {
    let content: Buffer;
    try {
      content = readFileSync(value);
    } catch (error) {
      env.unusable(name, value, `a file that can be read (${messageOf(error)})`, instead);
      return;
    }
    try {
      use(content);
    } catch (error) {
      const wanted = `a file in PEM form that TLS accepts (${messageOf(error)})`;
      env.unusable(name, value, wanted, "connections by https fail");
    }
  };
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error ? String(error.code) : error.message;
}

/** As the exporter reads a pair, and as Node lets it be sent. */
function isHeader(pair: string): boolean {
  const [entry = ""] = pair.split(";", 1);
  const at = entry.indexOf("=");
  if (at <= 0) return false;
  try {
    const name = decodeURIComponent(entry.slice(0, at).trim());
    return isSendable(name, decodeURIComponent(entry.slice(at + 1).trim()));
  } catch {
    return false;
  }
}

/** @param isBase Whether a path is added to it, which would stand in the query. */
function isHttpUrl(text: string, isBase: boolean): boolean {
  // "http:///path" is a URL whose host is "path".
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return false;
  const { search, hash } = new URL(text);
  return hash === "" && (!isBase || search === "");
}

/** Whether a request can be sent with this header, and is then still read as the exporter meant it. */
export function isSendable(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return value !== "" && !OWN_HEADERS.has(name.toLowerCase());
  } catch {
    return false;
  }
}

/** They say how the body is sent, which is the exporter's to say. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "transfer-encoding",
  "upgrade",
]);

/** Removes user and password from a value that may not be a URL, wherever they stand in it. */
function withoutUser(text: string): string {
  return text.replaceAll(/[^/@\s"']*@/g, "***@");
}

function join(endpoint: string, path: string): string {
  return `${endpoint.replace(/\/+$/, "")}/${path}`;
}
