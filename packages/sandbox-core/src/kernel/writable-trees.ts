import { type Grant, RIGHTS } from "./rights.ts";

/** Most trees that a cell is told that it may write in. */
const MAX_WRITABLE = 256;

/**
 * The trees in which grants let a cell write, which it needs for its probes. Undefined if they are so many that the list would
 * cost each cell its memory.
 */
export function writableTrees(grants: readonly Grant[]): readonly string[] | undefined {
  const trees = grants.filter(({ rights }) => (rights & RIGHTS.write_file) !== 0);
  return trees.length > MAX_WRITABLE ? undefined : trees.map(({ path }) => path);
}
