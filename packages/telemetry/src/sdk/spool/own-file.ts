import { closeSync, constants, fstatSync, openSync } from "node:fs";

/**
 * Opens a file of the spool. Another user may be able to write to the folder, and could put anything in its place: a link to
 * any file, a FIFO that blocks the process for good, a file whose content is another user's.
 *
 * @throws if it cannot be opened, or is not a file of this user with one name.
 */
export function openOwnFile(path: string, flags: number): number {
  const descriptor = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error(`${path} is not a file`);
    if (stat.nlink > 1) throw new Error(`${path} has another name as well`);
    if (!isOwn(stat.uid)) throw new Error(`${path} belongs to another user (${stat.uid})`);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Whether what has this owner was made by this process' user. Where the system has no users, everything was. */
function isOwn(uid: number): boolean {
  return process.geteuid === undefined || uid === process.geteuid();
}
