import { createHash } from "node:crypto";
import { COLLECTOR_VERSION, collectorManifest } from "./collector-manifest.ts";

export const SERVER_NAMES = [
  "otelcol",
  "prometheus",
  "promtool",
  "victoria-logs",
  "alertmanager",
  "amtool",
] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

export function isServerName(name: string): name is ServerName {
  return SERVER_NAMES.some((known) => known === name);
}

/** Prometheus' version, 3.16.0, as its Go module spells it. */
export const PROMETHEUS_VERSION = "3.16.0";
export const PROMETHEUS_MODULE_VERSION = "v0.316.0";
/** Without the service discoveries of a dozen clouds; static targets stay. About half the compile time. */
export const PROMETHEUS_BUILD_TAGS = "remove_all_sd,netgo";

/** The newest Alertmanager that the Go module proxy serves. */
export const ALERTMANAGER_VERSION = "0.34.2";
export const ALERTMANAGER_BUILD_TAGS = "netgo";

/** The log store's. */
export const VICTORIALOGS_VERSION = "1.52.1";

export type Bundle = "collector" | "prometheus" | "victorialogs" | "alertmanager";

interface BundleFacts {
  readonly programs: readonly ServerName[];
  readonly version: string;
  /** All that a build depends on, but version and platform. */
  readonly recipe: string;
}

/** What is built together, so that a caller does not wait for a server that it did not ask for. */
export const BUNDLES: Readonly<Record<Bundle, BundleFacts>> = {
  collector: {
    programs: ["otelcol"],
    version: COLLECTOR_VERSION,
    recipe: collectorManifest({ output: "", go: "" }),
  },
  prometheus: {
    programs: ["prometheus", "promtool"],
    version: PROMETHEUS_VERSION,
    recipe: `${PROMETHEUS_MODULE_VERSION} ${PROMETHEUS_BUILD_TAGS}`,
  },
  victorialogs: {
    programs: ["victoria-logs"],
    version: VICTORIALOGS_VERSION,
    recipe: VICTORIALOGS_VERSION,
  },
  alertmanager: {
    programs: ["alertmanager", "amtool"],
    version: ALERTMANAGER_VERSION,
    recipe: `${ALERTMANAGER_VERSION} ${ALERTMANAGER_BUILD_TAGS}`,
  },
};

const BUNDLE_OF: Readonly<Record<ServerName, Bundle>> = {
  otelcol: "collector",
  prometheus: "prometheus",
  promtool: "prometheus",
  "victoria-logs": "victorialogs",
  alertmanager: "alertmanager",
  amtool: "alertmanager",
};

export function bundleOf(name: ServerName): Bundle {
  return BUNDLE_OF[name];
}

/** Names what a build depends on: another recipe, version or platform is another place in the cache. */
export function cacheKey(bundle: Bundle): string {
  const { version, recipe } = BUNDLES[bundle];
  const hash = createHash("sha256").update(recipe).digest("hex").slice(0, 12);
  return `${bundle}-${version}-${process.platform}-${process.arch}-${hash}`;
}
