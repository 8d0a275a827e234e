import { type Grant, parentOf, type Rights } from "./rights.ts";

/**
 * Grants by path. A target is looked up through the directories above it instead of compared with every grant, because a guest
 * chooses targets and could make that slow.
 */
interface Index {
  readonly rights: ReadonlyMap<string, Rights>;
  /** Number of names in the longest path. */
  readonly depth: number;
}

// The cache is safe because a plan never changes; it lives as long as its cells do.
const indices = new WeakMap<readonly Grant[], Index>();

/** The rights that grants give on a path, judged by names: its own, and those of every directory above it. */
export function rightsOnPath(grants: readonly Grant[], path: string): Rights {
  let index = indices.get(grants);
  if (index === undefined) indices.set(grants, (index = indexed(grants)));
  let all = index.rights.get("/") ?? 0;
  let at = 0;
  for (let names = 0; names < index.depth && at !== -1; names++) {
    at = path.indexOf("/", at + 1);
    all |= index.rights.get(at === -1 ? path : path.slice(0, at)) ?? 0;
  }
  return all;
}

function indexed(grants: readonly Grant[]): Index {
  const rights = new Map<string, Rights>();
  let depth = 0;
  for (const grant of grants) {
    rights.set(grant.path, (rights.get(grant.path) ?? 0) | grant.rights);
    let names = 0;
    for (let at = grant.path; at !== "/"; at = parentOf(at)) names += 1;
    depth = Math.max(depth, names);
  }
  return { rights, depth };
}
