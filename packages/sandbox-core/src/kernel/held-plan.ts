import type { KernelPlan } from "./plan.ts";
import { type Grant, parentOf } from "./rights.ts";
import { rightsOnPath } from "./rights-on-path.ts";

/** The grants of a plan, without the rules that they come from. */
export type Grants = Pick<KernelPlan, "paths" | "ports" | "commands">;

/** What the kernel grants to one process. */
export interface HeldPlan extends Grants {
  /**
   * What the process's filter lets it make at all. It stays as it was when the process was started, while Landlock can take grants
   * away later. Left out: as the grants say.
   */
  readonly filter?: { readonly sockets: boolean; readonly processes: boolean };
}

/** What two plans both grant: what a process may do that Landlock holds to one after the other. Judged by names. */
export function intersection(one: Grants, other: Grants): Grants {
  const names = new Set([...one.paths, ...other.paths].map(({ path }) => path));
  const paths = Array.from(names, (path) => ({
    path,
    rights: rightsOnPath(one.paths, path) & rightsOnPath(other.paths, path),
  }));
  return {
    paths: plain(paths),
    ports: inBoth(one.ports, other.ports),
    commands: inBoth(one.commands, other.commands),
  };
}

/** Whether two plans grant the same, however they spell it. */
export function isSameGrants(one: Grants, other: Grants): boolean {
  const spelt = ({ paths, ports, commands }: Grants): string =>
    JSON.stringify([plain(paths), ports, commands]);
  return one === other || spelt(one) === spelt(other);
}

function inBoth<T>(one: readonly T[] | "all", other: readonly T[] | "all"): readonly T[] | "all" {
  if (one === "all") return other;
  if (other === "all") return one;
  const known = new Set(other);
  return one.filter((item) => known.has(item));
}

/** Each path with all of its rights, those of the directories above it too, where they are others than its directory's. */
function plain(grants: readonly Grant[]): Grant[] {
  return [...new Set(grants.map(({ path }) => path))]
    .toSorted()
    .map((path) => ({ path, rights: rightsOnPath(grants, path) }))
    .filter(
      ({ path, rights }) => rights !== (path === "/" ? 0 : rightsOnPath(grants, parentOf(path))),
    );
}
