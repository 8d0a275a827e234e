/** By which rule several targets became one pattern. */
export type Generalization =
  /** They differ only in runs of digits. */
  | "digits"
  /** They lie in one directory, or differ in what follows the last separator of a target. */
  | "siblings"
  /** They are ports of one host. */
  | "ports";

/** A pattern for some targets. */
export interface Generalized {
  readonly pattern: string;
  /** Undefined for a pattern that is one of the targets. */
  readonly by: Generalization | undefined;
  /** The targets that it stands for. */
  readonly targets: readonly string[];
}

/** Fewest targets that become one pattern. Two may be alike by chance. */
const LEAST_ALIKE = 3;

/** Generalizes the targets of one scope; each target comes back in one pattern. */
export function generalize(key: string, targets: readonly string[]): readonly Generalized[] {
  if (key === "paths") return paths(targets);
  if (key === "hosts") return hosts(targets);
  if (key === "targets") return ownTargets(targets);
  return targets.map(alone);
}

/** Ports of one host become `host:*`. Hosts never become a wildcard. */
function hosts(targets: readonly string[]): readonly Generalized[] {
  const byHost = Map.groupBy(targets, (target) => target.slice(0, target.lastIndexOf(":")));
  return [...byHost].flatMap(([host, own]) =>
    own.length < LEAST_ALIKE
      ? own.map(alone)
      : [{ pattern: `${host}:*`, by: "ports" as const, targets: own }],
  );
}

/** First digits, which is the narrower pattern, then siblings. */
function paths(targets: readonly string[]): readonly Generalized[] {
  const { alike, others } = together(targets, digitShape, "digits", differingDigits);
  const siblings = together(others, ending, "siblings");
  const anyName = together(siblings.others, directory, "siblings");
  return [...alike, ...siblings.alike, ...anyName.alike, ...anyName.others.map(alone)];
}

/** What follows the last `.`, `/` or `:` of a declared capability's targets. */
function ownTargets(targets: readonly string[]): readonly Generalized[] {
  const { alike, others } = together(
    targets,
    (target) => /^.+[./:](?=[^./:]*$)/.exec(target)?.[0].concat("*"),
    "siblings",
  );
  return [...alike, ...others.map(alone)];
}

/**
 * @param shape The pattern that a target would become; undefined if it must stay as it is.
 * @param narrowed A narrower pattern for all targets of one shape, where there is one.
 */
function together(
  targets: readonly string[],
  shape: (target: string) => string | undefined,
  by: Generalization,
  narrowed?: (alike: readonly string[]) => string,
): { readonly alike: readonly Generalized[]; readonly others: readonly string[] } {
  const groups = Map.groupBy(targets, shape);
  const alike: Generalized[] = [];
  const others: string[] = [];
  for (const [pattern, own] of groups) {
    if (pattern === undefined || own.length < LEAST_ALIKE) others.push(...own);
    else alike.push({ pattern: narrowed?.(own) ?? pattern, by, targets: own });
  }
  return { alike, others };
}

function digitShape(path: string): string | undefined {
  const [first = "", ...more] = path.slice(1).split("/");
  if (more.length < 2) return undefined;
  const shape = more.join("/").replace(/[0-9]+/g, "*");
  // Keep a segment of digits alone: its pattern would be `*`, which covers any name.
  if (shape === more.join("/") || shape.split("/").includes("*")) return undefined;
  return `/${first}/${shape}`;
}

/** The pattern of paths of one shape. Digits that are the same in all of them stay: the year of a year's months. */
function differingDigits(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split(/([0-9]+)/));
  return first
    .map((part, at) => (others.every((other) => other[at] === part) ? part : "*"))
    .join("");
}

/** All files of the same ending in one directory. */
function ending(path: string): string | undefined {
  const end = /[^/](\.[A-Za-z0-9]+)$/.exec(path)?.[1];
  const all = directory(path);
  return end === undefined || all === undefined ? undefined : all + end;
}

/** Everything that lies in one directory, unless that is the root or directly below it, where it may be anything. */
function directory(path: string): string | undefined {
  const segments = path.split("/");
  return segments.length < 4 ? undefined : `${segments.slice(0, -1).join("/")}/*`;
}

function alone(target: string): Generalized {
  return { pattern: target, by: undefined, targets: [target] };
}
