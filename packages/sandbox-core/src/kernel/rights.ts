/** Landlock's rights of the file system, by their names in linux/landlock.h. */
export const RIGHTS = {
  execute: 1 << 0,
  write_file: 1 << 1,
  read_file: 1 << 2,
  read_dir: 1 << 3,
  remove_dir: 1 << 4,
  remove_file: 1 << 5,
  make_dir: 1 << 7,
  make_reg: 1 << 8,
  /** Linking or renaming from one directory into another. Since ABI 2. */
  refer: 1 << 13,
  /** Since ABI 3. */
  truncate: 1 << 14,
} as const;

/** A set of rights, as a number. */
export type Rights = number;

/** The rights that a Landlock rule on a file can hold; all others are about the entries of a directory. */
export const RIGHTS_OF_A_FILE: Rights =
  RIGHTS.execute | RIGHTS.write_file | RIGHTS.read_file | RIGHTS.truncate;

/** The rights that the guards of an operation need. `stat` needs none, because Landlock does not govern it. */
export const RIGHTS_OF_OPERATION: Readonly<Record<string, Rights>> = {
  read: RIGHTS.read_file,
  list: RIGHTS.read_dir,
  stat: 0,
  write: RIGHTS.write_file | RIGHTS.truncate | RIGHTS.make_reg | RIGHTS.make_dir,
  remove: RIGHTS.remove_file | RIGHTS.remove_dir,
};

/** A path of a plan: a file, or a directory with everything below it. */
export interface Grant {
  readonly path: string;
  readonly rights: Rights;
}

/** The directory of a path; `/` for `/` itself. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

const SLASH = 47;

/** Whether a path is the tree's root or below it. */
export function isWithin(path: string, tree: string): boolean {
  if (tree === "/" || path === tree) return true;
  // The slash first: most paths have none there, and no text is made to look for it.
  return path.charCodeAt(tree.length) === SLASH && path.startsWith(tree);
}

/** One grant for each path, without those that a directory above makes redundant. */
export function merged(grants: readonly Grant[]): Grant[] {
  const rights = new Map<string, Rights>();
  for (const grant of grants) rights.set(grant.path, (rights.get(grant.path) ?? 0) | grant.rights);
  return Array.from(rights, ([path, own]) => ({ path, rights: own }))
    .filter(({ path, rights: own }) => own !== 0 && (own & ~inherited(rights, path)) !== 0)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function inherited(rights: ReadonlyMap<string, Rights>, path: string): Rights {
  let all = 0;
  for (let at = path; at !== "/";) {
    at = parentOf(at);
    all |= rights.get(at) ?? 0;
  }
  return all;
}
