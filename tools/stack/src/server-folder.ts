import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Server, thenCleanUp } from "./server.ts";

/**
 * Starts a server that keeps its data in a folder: the caller's, or a temporary one that is removed when the server has ended or
 * did not start.
 *
 * @param name The middle of a temporary folder's name.
 */
export async function inServerFolder<S extends Server>(
  given: string | undefined,
  name: string,
  start: (folder: string) => Promise<S>,
): Promise<S> {
  const folder = given ?? (await mkdtemp(join(tmpdir(), `pyisolate-${name}-`)));
  const cleanUp = async (): Promise<void> => {
    if (given === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    return thenCleanUp(await start(folder), cleanUp);
  } catch (error) {
    await cleanUp();
    throw error;
  }
}
