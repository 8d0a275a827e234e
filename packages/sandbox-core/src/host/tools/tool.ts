/** What a function of the host learns about its call. */
export interface ToolContext {
  /** The name of the cell whose guest calls. */
  readonly cell: string;
  /** Aborted when the cell ends, or the host aborts the `exec` that the call is part of: nothing waits for the answer any more. */
  readonly signal: AbortSignal;
}

/**
 * A function of the host that guests may call, with one value.
 *
 * @remarks Runs in the async context of the call into the cell. What it returns, awaited, must be what structured clone carries.
 *   An error that it throws reaches the guest only if it is a {@link ToolError}; of any other the guest learns that the tool
 *   failed, and the first of each tool is a process warning.
 */
// A method's parameters may be narrower than declared, so that a handler can name the type that its schema has checked.
export type ToolHandler = { call(args: unknown, context: ToolContext): unknown }["call"];

/** What a schema library gives that follows Standard Schema (standardschema.dev), such as zod, valibot and arktype. */
export interface ToolSchema {
  readonly "~standard": {
    readonly validate: (
      value: unknown,
    ) =>
      | { readonly value: unknown; readonly issues?: undefined }
      | { readonly issues: readonly object[] }
      | Promise<
          | { readonly value: unknown; readonly issues?: undefined }
          | { readonly issues: readonly object[] }
        >;
  };
}

/** A function of the host, alone or with the schema of its argument: what does not fit it is refused as malformed. */
export type Tool = ToolHandler | { readonly handler: ToolHandler; readonly schema?: ToolSchema };

/** Functions of the host by name: names of JavaScript with dots between them, such as `crm.lookup`. */
export type Tools = Readonly<Record<string, Tool>>;

/** An error that a function of the host means for the guest, which sees its message and its code, cleaned and bounded. */
export class ToolError extends Error {
  readonly code: string | undefined;

  /** @param code What the guest's program can tell the error by, such as "NOT_FOUND". */
  constructor(message: string, options: ErrorOptions & { readonly code?: string } = {}) {
    super(message, options);
    this.code = options.code;
  }

  override get name(): string {
    return "ToolError";
  }
}
