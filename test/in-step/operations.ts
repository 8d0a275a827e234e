import { FILE_OPERATIONS } from "./file-operations.ts";
import { OPEN_FILE_OPERATIONS } from "./open-file-operations.ts";
import type { Operation } from "./operation.ts";
import { OTHER_OPERATIONS } from "./other-operations.ts";

export const OPERATIONS: readonly Operation[] = [
  ...FILE_OPERATIONS,
  ...OPEN_FILE_OPERATIONS,
  ...OTHER_OPERATIONS,
];

/** The operation of a name. */
export function operation(name: string): Operation {
  const found = OPERATIONS.find((row) => row.name === name);
  if (found === undefined) throw new Error(`there is no operation "${name}"`);
  return found;
}
