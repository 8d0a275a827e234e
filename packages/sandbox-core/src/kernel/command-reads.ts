import type { Policy, Rule } from "@pyisolate/policy";

import type { Disk } from "./disk.ts";
import { overlaps } from "./filesystem-rule.ts";
import { pathTree } from "./pattern-to-trees.ts";
import { type Grant, isWithin, RIGHTS } from "./rights.ts";

/** The rights by which a command reads a file, or the list of a directory. */
const READ = RIGHTS.read_file | RIGHTS.read_dir;

/** The outcome of a rule's `reads`. */
export interface CommandReads {
  readonly notes: readonly string[];
  readonly paths: readonly Grant[];
}

/**
 * What the commands of a rule may read besides the programs themselves. The kernel has one set of paths for a cell and all that
 * it starts, so native code in the cell can read these too. A guest's own request is decided by the broker, which grants nothing
 * by `reads`.
 */
export function commandReads(policy: Policy, rule: Rule, disk: Disk): CommandReads {
  const parts = (rule.reads ?? []).map((pattern) => onePattern(policy, pattern, disk));
  return {
    notes: parts.flatMap(({ notes }) => notes),
    paths: parts.flatMap(({ paths }) => paths),
  };
}

function onePattern(policy: Policy, pattern: string, disk: Disk): CommandReads {
  const tree = pathTree(pattern);
  const denies = policy.rules.filter(
    ({ capability, effect, operations }) =>
      capability === "filesystem" && effect === "deny" && operations.includes("read"),
  );
  const reaching = denies.flatMap((deny) =>
    (deny.paths ?? ["/**"]).map((path) => ({ id: deny.id, denied: pathTree(path) })),
  );
  const whole = reaching.find(({ denied }) =>
    denied.covers === "one"
      ? tree.covers === "one" && tree.path === denied.path
      : denied.covers === "tree" && isWithin(tree.path, denied.path),
  );
  if (whole !== undefined)
    return {
      notes: [`reads ${pattern}: the rule ${whole.id} denies it, so nothing is granted`],
      paths: [],
    };
  const kind = disk.kindOf(tree.path);
  if (kind === "missing" || kind === "link") {
    const why =
      kind === "missing"
        ? "is not there; make it before cells start, since until then the kernel refuses it"
        : "is, or goes through, a symlink: write the real path";
    return { notes: [`reads ${pattern}: ${tree.path} ${why}`], paths: [] };
  }
  if (kind === "file") {
    // A file has nothing below it.
    const paths = tree.covers === "some" ? [] : [{ path: tree.path, rights: RIGHTS.read_file }];
    return { notes: [`reads ${pattern}: native code in the cell can as well`], paths };
  }
  const rights = tree.covers === "one" ? RIGHTS.read_dir : READ;
  const wider =
    tree.covers === "one"
      ? [
          `reads ${pattern}: the list of it alone, and of every directory below it; write ${pattern}/** for what is in it`,
        ]
      : tree.covers === "some"
        ? [`reads ${pattern}: Landlock knows no pattern, so all of ${tree.path} is granted`]
        : [`reads ${pattern}: native code in the cell can as well`];
  const taken = reaching
    .filter(({ denied }) => tree.covers !== "one" && overlaps(denied, tree))
    .map(
      ({ id }) =>
        `what the rule ${id} denies below ${tree.path}: Landlock takes nothing out of a tree`,
    );
  return { notes: [...wider, ...taken], paths: [{ path: tree.path, rights }] };
}
