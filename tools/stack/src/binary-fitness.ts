import { parse } from "yaml";
import type { ServerName } from "./bundles.ts";
import { runCommand } from "./command.ts";
import { COLLECTOR_VERSION, COMPONENTS } from "./collector-manifest.ts";
import { isRecord } from "./json.ts";

/** The oldest that will do. */
const MINIMUM: Readonly<Record<Exclude<ServerName, "otelcol">, string>> = {
  // The long-term support release before the pinned one.
  prometheus: "3.5.0",
  promtool: "3.5.0",
  // The series that is tested.
  "victoria-logs": "1.52.0",
  alertmanager: "0.34.0",
  amtool: "0.34.0",
};

/** How long a binary may take to print its version, milliseconds. One that takes longer is passed by. */
const ANSWER_WITHIN_MS = 20_000;

export type Fitness =
  | { readonly fit: true; readonly version: string }
  | { readonly fit: false; readonly reason: string };

/** Whether a binary can play a server's part, by asking it what it is. */
export async function fitnessOf(name: ServerName, path: string): Promise<Fitness> {
  return name === "otelcol" ? await collectorFitness(path) : await versionFitness(name, path);
}

async function collectorFitness(path: string): Promise<Fitness> {
  const { code, stdout, output } = await runCommand(path, ["components"], {
    timeoutMs: ANSWER_WITHIN_MS,
  });
  if (code !== 0) return unfit(`\`components\` failed: ${firstLine(output)}`);
  let listed: Map<string, string>;
  try {
    listed = listComponents(parse(stdout));
  } catch {
    return unfit("`components` did not answer with a list");
  }
  // Distributions number themselves as they like; what counts is the version of the modules inside.
  const version = listed.get("receivers/otlp") ?? "";
  if (version === "") return unfit("it has no otlp receiver");
  if (!atLeast(version, COLLECTOR_VERSION))
    return unfit(`its components are ${version}, older than ${COLLECTOR_VERSION}`);
  const missing = Object.entries(COMPONENTS).flatMap(([kind, components]) =>
    components
      .filter(({ type, required }) => required && !listed.has(`${kind}/${type}`))
      .map(({ type }) => `${kind}/${type}`),
  );
  return missing.length === 0 ? { fit: true, version } : unfit(`it lacks ${missing.join(", ")}`);
}

/** `kind/type` → version of its module, from the answer of `otelcol components`. */
function listComponents(answer: unknown): Map<string, string> {
  const listed = new Map<string, string>();
  if (!isRecord(answer)) throw new TypeError("not a mapping");
  for (const kind of Object.keys(COMPONENTS)) {
    const components = answer[kind];
    if (!Array.isArray(components)) continue;
    for (const component of components as unknown[]) {
      if (!isRecord(component) || typeof component["name"] !== "string") continue;
      const module = component["module"];
      const version =
        typeof module === "string" ? (/ v(\d+\.\d+\.\d+)/.exec(module)?.[1] ?? "") : "";
      listed.set(`${kind}/${component["name"]}`, version);
    }
  }
  return listed;
}

/** What the first line of its answer begins with. */
const SAYS: Readonly<Record<Exclude<ServerName, "otelcol">, RegExp>> = {
  // One line of the library that Prometheus and its relatives share.
  prometheus: /^prometheus, version (\d+\.\d+\.\d+)/m,
  promtool: /^promtool, version (\d+\.\d+\.\d+)/m,
  alertmanager: /^alertmanager, version (\d+\.\d+\.\d+)/m,
  amtool: /^amtool, version (\d+\.\d+\.\d+)/m,
  // Its releases say victoria-logs-20260801-120000-tags-v1.52.1-0-g0123456789.
  "victoria-logs": /^victoria-logs-(?:\S*-)?v(\d+\.\d+\.\d+)/m,
};

async function versionFitness(
  name: Exclude<ServerName, "otelcol">,
  path: string,
): Promise<Fitness> {
  const { code, output } = await runCommand(path, ["--version"], { timeoutMs: ANSWER_WITHIN_MS });
  if (code !== 0) return unfit(`\`--version\` failed: ${firstLine(output)}`);
  const version = SAYS[name].exec(output)?.[1];
  if (version === undefined) return unfit("it does not say its version");
  return atLeast(version, MINIMUM[name])
    ? { fit: true, version }
    : unfit(`it is ${version}, older than ${MINIMUM[name]}`);
}

function atLeast(version: string, minimum: string): boolean {
  return version.localeCompare(minimum, "en", { numeric: true }) >= 0;
}

function unfit(reason: string): Fitness {
  return { fit: false, reason };
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] ?? "";
}
