import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { createSecureContext } from "node:tls";

import type { EnvironmentReader } from "./environment-reader.ts";

/** The signals that go out by OTLP, as the variables' names spell them. */
export type Signal = "METRICS" | "LOGS";

/** Where a signal's requests go. `fault`: a variable names a destination that cannot be used, and there is to be no other. */
export type Destination =
  | { readonly url: string | undefined; readonly fault?: undefined }
  | { readonly url: string; readonly fault: string };

/** A URL that no request can be sent to, because Node knows no such protocol. */
const NOWHERE = "nowhere:";

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
  let given = false;
  for (const name of [
    `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`,
    "OTEL_EXPORTER_OTLP_ENDPOINT",
  ] as const) {
    const value = env.text(name);
    if (value === undefined) continue;
    if (!isHttpUrl(value)) {
      const fault = `${name} is not an http or https URL: nothing is sent until it is, and records wait`;
      env.unusable(name, withoutUser(value), WANTED_URL, "nothing is sent, and records wait");
      return { url: NOWHERE, fault };
    }
    given = true;
    break;
  }
  // The exporter's own default is `localhost`, which may resolve to an address where no Collector listens. The variables it
  // reads itself, because it knows their rules.
  return { url: given ? undefined : join(DEFAULT_ENDPOINT, path) };
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
    if (Number.isFinite(millis) && millis > 0) return;
    env.unusable(name, value, "a number of milliseconds above 0, without a unit");
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
    const value = decodeURIComponent(entry.slice(at + 1).trim());
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return value !== "";
  } catch {
    return false;
  }
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Removes user and password from a value that may not be a URL, wherever they stand in it. */
function withoutUser(text: string): string {
  return text.replaceAll(/[^/@\s"']*@/g, "***@");
}

function join(endpoint: string, path: string): string {
  return `${endpoint.replace(/\/+$/, "")}/${path}`;
}
