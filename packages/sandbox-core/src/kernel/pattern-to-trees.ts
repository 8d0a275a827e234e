/** What of a policy's path pattern Landlock can say: one path, with what is below it. */
export interface PathTree {
  /** The part before the first wildcard. */
  readonly path: string;
  /** `one`: this path alone. `tree`: it and all below it. `some`: only some of what is below it. */
  readonly covers: "one" | "tree" | "some";
}

/** Reads a pattern that a policy has accepted: literal segments, `*` within one, `**` for any number of them. */
export function pathTree(pattern: string): PathTree {
  const segments = pattern.split("/").filter((segment) => segment !== "");
  const literal = segments.findIndex((segment) => segment.includes("*"));
  const path = `/${segments.slice(0, literal < 0 ? segments.length : literal).join("/")}`;
  if (literal < 0) return { path, covers: "one" };
  const isTree = segments.slice(literal).every((segment) => segment === "**");
  return { path, covers: isTree ? "tree" : "some" };
}
