import type { ServerName } from "./bundles.ts";
import { findServers, ROAD, type Servers, type ServersResult } from "./servers.ts";

/** What is needed of a test runner's context; vitest's has it. */
export interface SkippableTest {
  skip(reason?: string): never;
}

const results = new Map<string, Promise<ServersResult<ServerName>>>();

/**
 * The servers for a test, found or built once per process; without them the test is skipped with the reason, or fails
 * where `CI=true`, so that nothing is skipped unseen. Allow {@link BUILD_TIMEOUT_MS}.
 *
 * @example
 * ```ts
 * const { otelcol, prometheus, promtool } = await serversForTest(context);
 * const { "victoria-logs": binary } = await serversForTest(context, ["victoria-logs"]);
 * ```
 *
 * @throws {StackError} `build-failed`: Go is there, so that is not a reason to skip.
 */
export async function serversForTest(test: SkippableTest): Promise<Servers>;
export async function serversForTest<Name extends ServerName>(
  test: SkippableTest,
  names: readonly Name[],
): Promise<Servers<Name>>;
export async function serversForTest(
  test: SkippableTest,
  names: readonly ServerName[] = ROAD,
): Promise<Servers<ServerName>> {
  const key = names.join();
  const result = results.get(key) ?? findServers({ names });
  results.set(key, result);
  const servers = await result;
  if (servers.ok) return servers.servers;
  if (process.env["CI"] === "true")
    throw new Error(`CI=true allows no skipping. ${servers.reason}`);
  return test.skip(servers.reason);
}
