import { closeSync, constants, fsyncSync, openSync } from "node:fs";

/** The errors of file systems that cannot write out a folder by itself, such as some network file systems. */
const CANNOT = new Set(["EINVAL", "ENOTSUP", "EPERM", "EISDIR"]);

/**
 * Writes the names in a folder to the disk (fsync). A file system may not be able to: the names then survive the process, but perhaps
 * not a power cut.
 *
 * @throws if the disk fails.
 */
export function syncFolder(folder: string): void {
  // Windows opens no folder.
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && CANNOT.has(String(error.code)))) throw error;
  } finally {
    closeSync(descriptor);
  }
}
