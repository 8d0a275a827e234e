import { join } from "node:path";
import { bundleOf, type ServerName } from "./bundles.ts";
import { bundleFolder } from "./cache.ts";
import { StackError } from "./errors.ts";
import { isExecutable, onPath } from "./executable.ts";
import { fitnessOf } from "./binary-fitness.ts";

/** Names a binary may have on PATH. */
const PATH_NAMES: Readonly<Record<ServerName, readonly string[]>> = {
  otelcol: ["otelcol", "otelcol-contrib"],
  prometheus: ["prometheus"],
  promtool: ["promtool"],
  "victoria-logs": ["victoria-logs"],
  alertmanager: ["alertmanager"],
  amtool: ["amtool"],
};

/** The variable that names a binary outright. */
export const VARIABLES: Readonly<Record<ServerName, string>> = {
  otelcol: "PYISOLATE_OTELCOL",
  prometheus: "PYISOLATE_PROMETHEUS",
  promtool: "PYISOLATE_PROMTOOL",
  "victoria-logs": "PYISOLATE_VICTORIALOGS",
  alertmanager: "PYISOLATE_ALERTMANAGER",
  amtool: "PYISOLATE_AMTOOL",
};

export interface FoundBinary {
  readonly path: string;
  readonly version: string;
  readonly source: "environment" | "path" | "cache";
}

/** A binary on PATH that will not do. */
export interface IgnoredBinary {
  readonly path: string;
  readonly reason: string;
}

export interface Search {
  /** Absent where there is none that will do. */
  readonly found?: FoundBinary;
  readonly ignored: readonly IgnoredBinary[];
}

/**
 * Looks for a binary: environment variable, then PATH, then cache.
 *
 * @throws {StackError} `binary-unfit`, where the environment variable names one that will not do: the user who set it
 * must hear of that, and not get another.
 */
export async function findBinary(
  name: ServerName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Search> {
  const chosen = env[VARIABLES[name]];
  if (chosen !== undefined && chosen !== "")
    return { found: await chosenBinary(name, chosen), ignored: [] };

  const ignored: IgnoredBinary[] = [];
  for (const path of await onPath(PATH_NAMES[name], env)) {
    const fitness = await fitnessOf(name, path);
    if (fitness.fit) return { found: { path, version: fitness.version, source: "path" }, ignored };
    ignored.push({ path, reason: fitness.reason });
  }

  const path = join(bundleFolder(bundleOf(name), env), name);
  if (!(await isExecutable(path))) return { ignored };
  const fitness = await fitnessOf(name, path);
  if (fitness.fit) return { found: { path, version: fitness.version, source: "cache" }, ignored };
  return { ignored: [...ignored, { path, reason: fitness.reason }] };
}

async function chosenBinary(name: ServerName, path: string): Promise<FoundBinary> {
  const fitness = (await isExecutable(path))
    ? await fitnessOf(name, path)
    : ({ fit: false, reason: "there is no executable file" } as const);
  if (fitness.fit) return { path, version: fitness.version, source: "environment" };
  throw new StackError(
    "binary-unfit",
    `${VARIABLES[name]}=${path} will not do: ${fitness.reason}. Correct the variable, or unset it to have one found or built.`,
  );
}
