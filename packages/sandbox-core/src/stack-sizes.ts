/**
 * What a guest's recursion may use of the thread's stack, KiB: V8's own default, so that a guest is as deep in a cell as in
 * Node. The cell sets it before all else.
 */
export const GUEST_STACK_KIB = 984;

/**
 * What the cell's own JavaScript may use of the same stack, KiB: Node is started with it. A guest at the end of its stack leaves
 * the difference to the code of ours that it calls: 12,500 plain frames, measured, where it left none while both had the
 * same. Linux gives a main thread 8 MiB.
 */
export const CELL_STACK_KIB = 2 * GUEST_STACK_KIB;
