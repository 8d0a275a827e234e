import { TelemetryStartError } from "./errors.ts";

/** The oldest Node that has what the SDK entry calls: `engines` of the package, which npm only warns of. */
export const NEEDED_NODE = "22.15";

/**
 * What to tell of a Node that is too old. Unsaid, telemetry would start, and fail later: the spool at its first write, a flush at
 * its first batch.
 *
 * @param versions Bun and Deno name a version of Node too, and are not held to it: what they have is theirs.
 * @returns undefined if it is not too old.
 */
export function tooOldNode(
  versions: Readonly<Record<string, string | undefined>> = process.versions,
): TelemetryStartError | undefined {
  const { node = "", bun, deno } = versions;
  if (bun !== undefined || deno !== undefined || !isOlder(node, NEEDED_NODE)) return undefined;
  return new TelemetryStartError(
    "node_too_old",
    `@pyisolate/telemetry/sdk needs Node.js ${NEEDED_NODE} or newer, and this process is run by Node.js ${node}: run the service with a newer one`,
  );
}

/** @throws TelemetryStartError `node_too_old` */
export function mustHaveNode(): void {
  const error = tooOldNode();
  if (error !== undefined) throw error;
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [neededMajor = 0, neededMinor = 0] = than.split(".").map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}
