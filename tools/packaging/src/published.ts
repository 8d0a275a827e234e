import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** The repository's root. */
export const ROOT = path.resolve(import.meta.dirname, "../../..");

/** What this tool reads of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly homepage?: unknown;
  readonly bugs?: unknown;
  readonly repository?: unknown;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  /** As it is packed: pnpm takes it from publishConfig, so that a workspace installs on any machine. */
  readonly cpu?: readonly string[];
  readonly publishConfig?: { readonly access?: string };
}

/** A package that is published. */
export interface Published {
  /** Absolute. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Every package under packages/ that is not private, each after those that it depends on. @param root A repository. */
export function publishedPackages(root: string = ROOT): Published[] {
  const packages = path.join(root, "packages");
  const all = readdirSync(packages)
    .toSorted()
    .map((name): Published => {
      const folder = path.join(packages, name);
      const manifest = readFileSync(path.join(folder, "package.json"), "utf8");
      return { folder, manifest: JSON.parse(manifest) as Manifest };
    })
    .filter(({ manifest }) => manifest.private !== true);
  const ordered: Published[] = [];
  const add = (each: Published): void => {
    if (ordered.includes(each)) return;
    const { dependencies, optionalDependencies, peerDependencies } = each.manifest;
    const needed = { ...dependencies, ...optionalDependencies, ...peerDependencies };
    for (const other of all) if (Object.hasOwn(needed, other.manifest.name)) add(other);
    ordered.push(each);
  };
  for (const each of all) add(each);
  return ordered;
}
