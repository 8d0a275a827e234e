/** What stands for the cell's name in a path of a policy. */
export const CELL_PLACEHOLDER = "${cell}";

/** What no path holds: half a character. A pattern with it covers nothing. */
const NOTHING = "\ud800";

/**
 * A path pattern as a policy decides it that has not been bound to a cell. It fails closed: an allow rule covers nothing by a
 * pattern for a cell, and a deny rule covers what it would for any cell.
 */
export function unbound(pattern: string, effect: "allow" | "deny"): string {
  return pattern.replaceAll(CELL_PLACEHOLDER, effect === "allow" ? NOTHING : "*");
}
