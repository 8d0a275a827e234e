import { type Grant, parentOf, type Rights } from "./rights.ts";

/** Grants by their paths, so that a target is looked up by the directories above it and not by every grant: a guest chooses targets. */
interface Index {
  readonly rights: ReadonlyMap<string, Rights>;
  /** How many names the longest path has. */
  readonly depth: number;
}

// A plan lives as long as its cells do, and is never changed.
const indices = new WeakMap<readonly Grant[], Index>();

/** The rights that grants give on a path, by its name: its own and those of every directory above it. */
export function givenRights(grants: readonly Grant[], path: string): Rights {
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
