import { join } from "node:path";
import { buildBundle } from "./build.ts";
import { type Bundle, bundleOf, type ServerName } from "./bundles.ts";
import { StackError } from "./errors.ts";
import { findBinary, type IgnoredBinary, VARIABLES } from "./find-binary.ts";
import { findGo } from "./go.ts";
import { createProgress, type Progress } from "./progress.ts";

/** Milliseconds that a hook or test should allow for {@link findServers}: a cold build on two busy cores, and then some. */
export const BUILD_TIMEOUT_MS = 60 * 60_000;

/** What is had unless something else is asked for: the road from a service to its counters. */
export const ROAD = ["otelcol", "prometheus", "promtool"] as const;
export type RoadServer = (typeof ROAD)[number];

/** Paths of binaries. */
export type Servers<Name extends ServerName = RoadServer> = Readonly<Record<Name, string>>;

export type ServersResult<Name extends ServerName = RoadServer> =
  | { readonly ok: true; readonly servers: Servers<Name> }
  | { readonly ok: false; readonly missing: readonly ServerName[]; readonly reason: string };

export interface FindServersOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Builds what is missing, where there is Go. True unless said otherwise. */
  readonly build?: boolean;
  /** Standard error unless given. */
  readonly progress?: Progress;
}

/** Those that are asked for. */
export interface FindTheseOptions<Name extends ServerName> extends FindServersOptions {
  readonly names: readonly Name[];
}

/**
 * The servers, found or built; or the reason why they cannot be had, fit to be shown. Collector, Prometheus and promtool
 * unless others are named; nothing else is looked for or built.
 *
 * @throws {StackError} `build-failed`, or `binary-unfit` where an environment variable names what will not do.
 */
export async function findServers(options?: FindServersOptions): Promise<ServersResult>;
export async function findServers<Name extends ServerName>(
  options: FindTheseOptions<Name>,
): Promise<ServersResult<Name>>;
export async function findServers(
  options: FindServersOptions & { readonly names?: readonly ServerName[] } = {},
): Promise<ServersResult<ServerName>> {
  const env = options.env ?? process.env;
  const progress = options.progress ?? createProgress();
  const paths = new Map<ServerName, string>();
  const missing: ServerName[] = [];
  const ignored: IgnoredBinary[] = [];
  for (const name of options.names ?? ROAD) {
    const search = await findBinary(name, env);
    for (const { path, reason } of search.ignored) progress.note(`Ignoring ${path}: ${reason}`);
    ignored.push(...search.ignored);
    if (search.found === undefined) missing.push(name);
    else paths.set(name, search.found.path);
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
      paths.set(name, join(folder, name));
    }
  }
  return { ok: true, servers: Object.fromEntries(paths) as Servers<ServerName> };
}

/**
 * The servers, found or built.
 *
 * @throws {StackError} `servers-missing` too.
 */
export async function requireServers(options?: FindServersOptions): Promise<Servers>;
export async function requireServers<Name extends ServerName>(
  options: FindTheseOptions<Name>,
): Promise<Servers<Name>>;
export async function requireServers(
  options: FindServersOptions & { readonly names?: readonly ServerName[] } = {},
): Promise<Servers<ServerName>> {
  const result = await findServers({ ...options, names: options.names ?? ROAD });
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
    : `No ${missing.join(", ")} on this machine${passed}. Build with \`node tools/stack/dist/cli.js build\`, or set ${variables}.`;
}
