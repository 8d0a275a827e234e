import { readFileSync } from "node:fs";
import path from "node:path";

import type { Entry } from "./api-report.ts";

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string | { readonly types?: string }>>;
}

/** The entries of a package that have types, and the file of each one's report. */
export function entriesOf(root: string): (Entry & { readonly report: string })[] {
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Manifest;
  return Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) => {
    if (typeof target === "string" || target.types === undefined) return [];
    const name = entry === "." ? "index" : entry.slice(2).replaceAll("/", "-");
    return [
      {
        specifier: path.posix.join(manifest.name, entry),
        types: path.join(root, target.types),
        report: path.join(root, "api", `${name}.md`),
      },
    ];
  });
}
