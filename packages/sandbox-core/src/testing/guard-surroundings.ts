import type { GuardContext } from "../cell/guards/guard.ts";
import { OpenFiles } from "../cell/open-files.ts";

/** What a guard gets that is called without a cell: a second, 1 KiB of output, 1 MiB of memory, no open file. */
export function surroundings(): GuardContext {
  return {
    wallMs: 1000,
    outputBytes: 1024,
    memoryBytes: 2 ** 20,
    ca: null,
    files: new OpenFiles(),
    file: undefined,
  };
}
