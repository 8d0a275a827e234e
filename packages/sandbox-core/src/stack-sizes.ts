/**
 * How much of the thread's stack a guest's recursion may use, KiB. It is V8's own default, so that a guest can recurse as deep in
 * a cell as in Node. The cell sets it before it loads anything else.
 */
export const GUEST_STACK_KIB = 984;

/**
 * How much of the same stack the cell's own JavaScript may use, KiB; Node is started with it. The difference is left for our code
 * when a guest calls it at the end of its own stack: 12,500 plain frames, measured. With equal sizes nothing was left. Linux
 * gives a main thread 8 MiB.
 */
export const CELL_STACK_KIB = 2 * GUEST_STACK_KIB;
