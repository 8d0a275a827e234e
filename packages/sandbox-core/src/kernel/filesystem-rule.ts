import { decide, type OperationName, type Policy, type Rule } from "@pyisolate/policy";

import type { Disk } from "./disk.ts";
import { type PathTree, pathTree } from "./pattern-to-trees.ts";
import { type Hold, notesOnDenies, type RuleOutcome, weakest } from "./planned-rule.ts";
import {
  type Grant,
  isWithin,
  merged,
  parentOf,
  RIGHTS,
  type Rights,
  RIGHTS_OF_A_FILE,
  RIGHTS_OF_OPERATION,
} from "./rights.ts";
import { bitsOf, treeIndex } from "./tree-index.ts";

/** The patterns of a rule without `paths`. */
const EVERYTHING = ["/**"];

/** Turns an allow rule for paths into the nearest trees that Landlock can express. */
export function filesystemRule(policy: Policy, rule: Rule, disk: Disk): RuleOutcome {
  const parts = (rule.paths ?? EVERYTHING).map((pattern) =>
    plannedPattern(policy, rule, pattern, disk),
  );
  const notes = new Set(parts.flatMap((part) => part.notes));
  const holds = parts.map((part) => part.hold);
  if (rule.operations.includes("stat")) {
    holds.push("broker only");
    notes.add("stat is the broker's alone: Landlock does not govern it");
  }
  return {
    hold: weakest(holds),
    notes: [...notes],
    paths: merged(parts.flatMap((part) => part.paths)),
  };
}

interface Part {
  readonly hold: Hold;
  readonly notes: readonly string[];
  readonly paths: readonly Grant[];
}

const NOTHING: Part = { hold: "exact", notes: [], paths: [] };

function plannedPattern(policy: Policy, rule: Rule, pattern: string, disk: Disk): Part {
  const tree = pathTree(pattern);
  const operations = rule.operations.filter(
    (operation) => operation !== "stat" && !isAllDenied(policy, operation, tree),
  );
  if (operations.length === 0)
    return rule.operations.every((one) => one === "stat")
      ? { ...NOTHING, hold: "broker only" }
      : NOTHING;
  const kind = disk.kindOf(tree.path);
  if (kind === "link") {
    return {
      ...NOTHING,
      notes: [
        `${tree.path} is, or goes through, a symlink: a policy speaks of real paths, so neither layer grants anything by it`,
      ],
    };
  }
  if (kind === "missing") return missing(pattern, tree, operations, disk);
  const planned =
    kind === "file" ? onFile(tree, operations) : onDirectory(pattern, tree, operations);
  const taken = tree.covers === "one" ? [] : takenAway(policy, tree, operations);
  return taken.length === 0
    ? planned
    : { ...planned, hold: "wider", notes: [...planned.notes, ...taken] };
}

function rightsOf(operations: readonly OperationName[]): Rights {
  let rights = 0;
  for (const operation of operations) rights |= RIGHTS_OF_OPERATION[operation] ?? 0;
  // A file that may be made in one place and removed from another may be moved there.
  const moves = RIGHTS.make_reg | RIGHTS.remove_file;
  return (rights & moves) === moves ? rights | RIGHTS.refer : rights;
}

function onFile(tree: PathTree, operations: readonly OperationName[]): Part {
  // A pattern for what is below a file covers nothing.
  if (tree.covers === "some") return NOTHING;
  const own = { path: tree.path, rights: rightsOf(operations) & RIGHTS_OF_A_FILE };
  return withRemoval(
    tree,
    operations,
    { hold: "exact", notes: [], paths: [own] },
    RIGHTS.remove_file,
  );
}

function onDirectory(pattern: string, tree: PathTree, operations: readonly OperationName[]): Part {
  if (tree.covers === "one") {
    // A directory by itself can only be listed: it is not read or written, and its entries have other paths.
    const rights = rightsOf(operations) & RIGHTS.read_dir;
    const notes =
      rights === 0
        ? []
        : [`${tree.path} alone is meant: Landlock also lists every directory below it`];
    const listed: Part = {
      hold: rights === 0 ? "exact" : "wider",
      notes,
      paths: [{ path: tree.path, rights }],
    };
    return withRemoval(tree, operations, listed, RIGHTS.remove_dir);
  }
  const granted: Part = {
    hold: tree.covers === "tree" ? "exact" : "wider",
    notes:
      tree.covers === "tree"
        ? []
        : [`${pattern}: Landlock knows no pattern, so all of ${tree.path} is granted`],
    paths: [{ path: tree.path, rights: rightsOf(operations) }],
  };
  return tree.covers === "tree"
    ? withRemoval(tree, operations, granted, RIGHTS.remove_dir)
    : granted;
}

/** Adds the right to remove a name, which Landlock puts on the name's directory. */
function withRemoval(
  tree: PathTree,
  operations: readonly OperationName[],
  part: Part,
  right: Rights,
): Part {
  if (!operations.includes("remove") || tree.path === "/") return part;
  const parent = parentOf(tree.path);
  const what = right === RIGHTS.remove_dir ? "empty directories" : "files";
  return {
    hold: "wider",
    notes: [
      ...part.notes,
      `to remove ${tree.path} itself is a right on ${parent}, where Landlock lets ${what} of any name be removed`,
    ],
    paths: [...part.paths, { path: parent, rights: right }],
  };
}

/**
 * Handles a path that does not exist yet. A file that may be written may be made, so the nearest existing directory stands in for
 * the path; but never `/`, which would grant everything for one mistyped path. A path that may only be read, listed or removed is
 * left out.
 */
function missing(
  pattern: string,
  tree: PathTree,
  operations: readonly OperationName[],
  disk: Disk,
): Part {
  let above = tree.path;
  do above = parentOf(above);
  while (disk.kindOf(above) === "missing" && above !== "/");
  const advice = `${tree.path} is not there; make it before cells start`;
  if (!operations.includes("write") || above === "/" || disk.kindOf(above) !== "directory") {
    return {
      hold: "nothing there",
      notes: [`${advice}, since until then the kernel refuses it`],
      paths: [],
    };
  }
  return {
    hold: "wider",
    notes: [`${advice}, since until then all of ${above} is granted in its place (${pattern})`],
    paths: [{ path: above, rights: rightsOf(operations) }],
  };
}

/** Whether a deny rule leaves nothing of an operation in a tree. For a single path, the policy itself is asked. */
function isAllDenied(policy: Policy, operation: OperationName, tree: PathTree): boolean {
  if (tree.covers === "one") {
    const request = { capability: "filesystem", operation, target: tree.path } as const;
    return decide(policy, request).effect === "deny";
  }
  return (treeIndex(policy, "deny").operationsOfAll(tree.path) & bitsOf([operation])) !== 0;
}

/** The deny rules that take a part out of a tree. Landlock cannot express them, because its rules only grant. */
function takenAway(
  policy: Policy,
  tree: PathTree,
  operations: readonly OperationName[],
): readonly string[] {
  return notesOnDenies(
    treeIndex(policy, "deny").meeting(tree.path, operations),
    (what) => `${what} below ${tree.path}: Landlock takes nothing out of a tree`,
  );
}

/** Whether a path can lie in both trees. */
export function overlaps(one: PathTree, other: PathTree): boolean {
  return isWithin(one.path, other.path) || (one.covers !== "one" && isWithin(other.path, one.path));
}
