import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { cacheKey } from "./manifest.ts";

export type ServerName = "otelcol" | "prometheus" | "promtool";

/** Where built servers are kept: `$PYISOLATE_CACHE`, else `$XDG_CACHE_HOME/pyisolate`, else `~/.cache/pyisolate`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env["PYISOLATE_CACHE"];
  if (own !== undefined && own !== "") return resolve(own);
  const shared = env["XDG_CACHE_HOME"];
  return join(
    shared !== undefined && shared !== "" ? shared : join(homedir(), ".cache"),
    "pyisolate",
  );
}

export type Bundle = "collector" | "prometheus";

/** What is built together. */
export const BUNDLES: Readonly<Record<Bundle, readonly ServerName[]>> = {
  collector: ["otelcol"],
  prometheus: ["prometheus", "promtool"],
};

export function bundleOf(name: ServerName): Bundle {
  return name === "otelcol" ? "collector" : "prometheus";
}

/** A bundle's folder in the cache. It appears in one rename, so what is there is whole. */
export function bundleFolder(bundle: Bundle, env?: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), cacheKey(bundle));
}
