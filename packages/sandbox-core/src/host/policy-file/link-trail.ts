import { lstat, readlink } from "node:fs/promises";
import { dirname, join, sep } from "node:path";

/** Most links that are followed: Linux itself follows 40 (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * The folders in which a change makes an absolute path lead to another file, each with the names in it that matter: the folder of
 * each symbolic link on the way, and that of the file at its end or of the first part that is missing.
 *
 * @remarks Kubernetes mounts `policy.yaml -> ..data/policy.yaml` and `..data -> ..2026_11_27/`, and replaces `..data` alone.
 */
export async function trailOf(path: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const trail = new Map<string, Set<string>>();
  const note = (folder: string, name: string): void => {
    const names = trail.get(folder) ?? new Set();
    trail.set(folder, names.add(name));
  };
  let folder: string = sep;
  let links = 0;
  const left = partsOf(path);
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    // The folder has no links in it any more, so its parent is the one that its name says.
    if (part === "..") {
      folder = dirname(folder);
      continue;
    }
    const target = await linkAt(join(folder, part));
    if (left.length === 0 || target !== "none") note(folder, part);
    if (target === "missing") break;
    if (target === "none") folder = join(folder, part);
    else {
      if (++links > MAX_LINKS) break;
      if (target.to.startsWith(sep)) folder = sep;
      left.unshift(...partsOf(target.to));
    }
  }
  return trail;
}

function partsOf(path: string): string[] {
  return path.split(sep).filter((part) => part !== "" && part !== ".");
}

async function linkAt(path: string): Promise<{ readonly to: string } | "none" | "missing"> {
  try {
    return (await lstat(path)).isSymbolicLink() ? { to: await readlink(path) } : "none";
  } catch {
    return "missing";
  }
}
