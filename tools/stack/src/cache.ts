import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type Bundle, cacheKey } from "./bundles.ts";

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

/** A bundle's folder in the cache. It appears in one rename, so what is there is whole. */
export function bundleFolder(bundle: Bundle, env?: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), cacheKey(bundle));
}
