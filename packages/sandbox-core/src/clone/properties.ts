const MARKS = [Symbol("first"), Symbol("second")] as const;

/**
 * Makes an array a table, which has no hidden class: names of guests would otherwise fill the tree of classes of `[]`, after which
 * each new array with names is a class of its own, the host's own too. V8 does so where a property goes that is not the last.
 */
export function makeTable(array: object): void {
  const marked = array as Record<symbol, unknown>;
  for (const mark of MARKS) Object.defineProperty(marked, mark, { value: 0, configurable: true });
  for (const mark of MARKS) delete marked[mark];
}

/** Makes a property that an assignment would not make, because a prototype has one of its name. */
export function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
