import { join } from "node:path";
import { buildBundle, findGo } from "./build.ts";
import { type Bundle, bundleOf, type ServerName } from "./cache.ts";
import { StackError } from "./errors.ts";
import { findBinary, type IgnoredBinary, VARIABLES } from "./find.ts";
import { createProgress, type Progress } from "./progress.ts";

/** Milliseconds that a hook or test should allow for {@link findServers}: a cold build on two busy cores, and then some. */
export const BUILD_TIMEOUT_MS = 30 * 60_000;

/** Paths of the binaries. */
export type Servers = Readonly<Record<ServerName, string>>;

export type ServersResult =
  | { readonly ok: true; readonly servers: Servers }
  | { readonly ok: false; readonly missing: readonly ServerName[]; readonly reason: string };

export interface FindServersOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Builds what is missing, where there is Go. True unless said otherwise. */
  readonly build?: boolean;
  /** Standard error unless given. */
  readonly progress?: Progress;
}

/**
 * The servers, found or built; or the reason why they cannot be had, fit to be shown.
 *
 * @throws {StackError} `build-failed`, or `binary-unfit` where an environment variable names what will not do.
 */
export async function findServers(options: FindServersOptions = {}): Promise<ServersResult> {
  const env = options.env ?? process.env;
  const progress = options.progress ?? createProgress();
  const paths: Partial<Record<ServerName, string>> = {};
  const missing: ServerName[] = [];
  const ignored: IgnoredBinary[] = [];
  for (const name of ["otelcol", "prometheus", "promtool"] as const) {
    const search = await findBinary(name, env);
    for (const { path, reason } of search.ignored) progress.note(`Ignoring ${path}: ${reason}`);
    ignored.push(...search.ignored);
    if (search.found === undefined) missing.push(name);
    else paths[name] = search.found.path;
  }
  if (missing.length > 0) {
    const go = options.build === false ? undefined : await findGo(env);
    if (go === undefined)
      return { ok: false, missing, reason: whyNot(missing, ignored, options.build !== false) };
    const built = new Map<Bundle, string>();
    for (const name of missing) {
      const bundle = bundleOf(name);
      const folder = built.get(bundle) ?? (await buildBundle(bundle, { env, progress, go }));
      built.set(bundle, folder);
      paths[name] = join(folder, name);
    }
  }
  const { otelcol, prometheus, promtool } = paths;
  if (otelcol === undefined || prometheus === undefined || promtool === undefined)
    throw new TypeError("unreachable");
  return { ok: true, servers: { otelcol, prometheus, promtool } };
}

/**
 * The servers, found or built.
 *
 * @throws {StackError} `servers-missing` too.
 */
export async function requireServers(options: FindServersOptions = {}): Promise<Servers> {
  const result = await findServers(options);
  if (result.ok) return result.servers;
  throw new StackError("servers-missing", result.reason);
}

function whyNot(
  missing: readonly ServerName[],
  ignored: readonly IgnoredBinary[],
  mayBuild: boolean,
): string {
  const passed = ignored.map(({ path, reason }) => ` (${path} will not do: ${reason})`).join("");
  const variables = missing.map((name) => VARIABLES[name]).join(", ");
  return mayBuild
    ? `No ${missing.join(", ")} on this machine${passed}, and no Go to build with. Install Go 1.25 or newer, or set ${variables}.`
    : `No ${missing.join(", ")} on this machine${passed}. Build with \`node examples/stack/dist/cli.js build\`, or set ${variables}.`;
}
