/** How the kernel holds a thread, by its `status` in `/proc`. */
export interface Status {
  readonly noNewPrivs: string;
  readonly seccomp: string;
  /** The effective set, hexadecimal. */
  readonly capabilities: string;
}

/** What became of a cell. */
export interface CellAccount {
  /** One for all threads that are held alike. */
  readonly threads: readonly Status[];
  /** Whether the guest read a file that the policy grants. */
  readonly granted: boolean;
  /** What it was told of one that the policy does not grant. */
  readonly refused: string;
  readonly kernelDecisions: readonly string[];
}

/** What a program in a surrounding says of that and of its cells. */
export interface Account {
  readonly self: Status;
  readonly uid: number;
  /** How many processes it sees. */
  readonly processes: number;
  /** "yes", or the code with which a file in the folder for temporary files was refused. */
  readonly canWrite: string;
  readonly prefer: CellAccount | { readonly error: string };
  readonly require: CellAccount | { readonly error: string };
  readonly warnings: readonly string[];
}
