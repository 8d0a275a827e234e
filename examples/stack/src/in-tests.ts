import { findServers, type Servers, type ServersResult } from "./servers.ts";

/** What is needed of a test runner's context; vitest's has it. */
export interface SkippableTest {
  skip(reason?: string): never;
}

let result: Promise<ServersResult> | undefined;

/**
 * The servers for a test, found or built once per process; without them the test is skipped with the reason, or fails
 * where `CI=true`, so that nothing is skipped unseen. Allow {@link BUILD_TIMEOUT_MS}.
 *
 * @throws {StackError} `build-failed`: Go is there, so that is no reason to skip.
 */
export async function serversForTest(test: SkippableTest): Promise<Servers> {
  result ??= findServers();
  const servers = await result;
  if (servers.ok) return servers.servers;
  if (process.env["CI"] === "true")
    throw new Error(`CI=true allows no skipping. ${servers.reason}`);
  return test.skip(servers.reason);
}
