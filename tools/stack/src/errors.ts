/** What went wrong, for programs; the message says it to people, with what to do next. */
export type StackErrorCode =
  | "binary-unfit"
  | "build-failed"
  | "config-invalid"
  | "not-ready"
  | "port-taken"
  | "query-failed"
  | "server-died"
  | "servers-missing";

/** A server could not be had, or did not do what it should. */
export class StackError extends Error {
  readonly code: StackErrorCode;
  /** The end of what the server or Go's tools printed; empty where nothing was. */
  readonly output: string;

  constructor(code: StackErrorCode, message: string, output = "", options?: ErrorOptions) {
    super(output === "" ? message : `${message}\n${output}`, options);
    this.code = code;
    this.output = output;
  }

  override get name(): string {
    return "StackError";
  }
}
