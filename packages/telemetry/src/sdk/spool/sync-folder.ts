import { closeSync, constants, fsyncSync, openSync } from "node:fs";

/** What a file system answers that cannot write out a folder by itself, as some over a network. */
const CANNOT = new Set(["EINVAL", "ENOTSUP", "EPERM", "EISDIR"]);

/**
 * Has the disk keep the names in a folder. Where a file system cannot, they survive the process all the same, and a power cut as it
 * likes.
 *
 * @throws if the disk fails.
 */
export function syncFolder(directory: string): void {
  // Windows opens no folder.
  if (process.platform === "win32") return;
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && CANNOT.has(String(error.code)))) throw error;
  } finally {
    closeSync(descriptor);
  }
}
