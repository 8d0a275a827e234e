import { closeSync, constants, fstatSync, openSync, readFileSync, unlinkSync } from "node:fs";

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
    if (stat.isDirectory()) throw refusal("EISDIR", `${path} is a folder`);
    if (!stat.isFile()) throw refusal("EINVAL", `${path} is not a file`);
    if (stat.nlink > 1) throw refusal("EINVAL", `${path} has another name as well`);
    if (!isOwn(stat.uid)) throw refusal("EPERM", `${path} belongs to another user, ${stat.uid}`);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** @throws as {@link openOwnFile}, and if it cannot be read. */
export function readOwnFile(path: string): Buffer {
  const descriptor = openOwnFile(path, constants.O_RDONLY);
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Removes a file that has been sent.
 *
 * @throws if it stays. Then it is emptied, if possible, so that no later process sends it again: that takes no right to write
 * to the folder.
 */
export function discardFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (isNotThere(error)) return;
    empty(path);
    throw error;
  }
}

function empty(path: string): void {
  try {
    closeSync(openOwnFile(path, constants.O_WRONLY | constants.O_TRUNC));
  } catch {
    // The caller says that the file stays, for the reason that removing it failed for.
  }
}

/** Whether an error says that a file or folder does not exist. */
export function isNotThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Whether an error of reading a file says that it can never be read again. */
export function isGone(error: unknown): boolean {
  return !(error instanceof Error && "code" in error) || error.code === "ENOENT";
}

function refusal(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}

/** Whether what has this owner was made by this process's user. Where the system has no users, everything was. */
export function isOwn(uid: number): boolean {
  return process.geteuid === undefined || uid === process.geteuid();
}
