import { messageOf } from "../error-text.ts";

/** Why a spool's folder cannot be used. A closed set, so that a caller can branch on it. */
export type SpoolErrorCode =
  /** There is no such folder. */
  | "not_found"
  /** There is something else by that name. */
  | "not_a_folder"
  /** This user may not read or write it, or a file in it. */
  | "forbidden"
  /** Another reason: see `cause`. */
  | "failed";

/** What was asked of a spool's folder cannot be done. Nothing in it was removed. The message says what to do. */
export class SpoolError extends Error {
  override readonly name = "SpoolError";
  readonly code: SpoolErrorCode;

  constructor(code: SpoolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Does something with a spool's folder that an operator has named.
 *
 * @throws SpoolError with the file system's error as its cause.
 */
export function inFolder<Result>(folder: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw spoolErrorOf(folder, error);
  }
}

function spoolErrorOf(folder: string, cause: unknown): SpoolError {
  const errno = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const why = messageOf(cause);
  switch (errno) {
    case "ENOENT":
      return new SpoolError(
        "not_found",
        `there is no folder ${folder} (ENOENT): name the one that startTelemetry has as \`spool\``,
        { cause },
      );
    case "ENOTDIR":
      return new SpoolError(
        "not_a_folder",
        `${folder} is not a folder (ENOTDIR): name the one that startTelemetry has as \`spool\``,
        { cause },
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new SpoolError(
        "forbidden",
        `the spool ${folder} cannot be read and written by this user: run it as the service's user (${why})`,
        { cause },
      );
    default:
      return new SpoolError("failed", `the spool ${folder} cannot be used: ${why}`, { cause });
  }
}
