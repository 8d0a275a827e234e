import path from "node:path";

import type { Manifest, Published } from "../published.ts";
import { repositoryPage, UnusableAddressError } from "./repository-address.ts";

/** Where package.json's formatter has the three fields: before this one. */
const NEXT_FIELD = "license";
const PREPARE = "pnpm release --prepare VERSION writes it";

/** What a manifest says of its repository. */
export interface ManifestAddress {
  /** `https://HOST/OWNER/NAME`. */
  readonly page: string;
  /** The package's folder in it. */
  readonly directory: string;
}

/** What is wrong with the addresses of packages that are published together: one sentence each, with the package's name and no address. */
export interface AddressProblems {
  /** Packages without one: they can be built and not published. */
  readonly missing: readonly string[];
  readonly wrong: readonly string[];
}

/** A package.json with a version, and with `homepage`, `bugs` and `repository` in the form that npm gives them. */
export function withAddress(
  text: string,
  version: string,
  page: string,
  directory: string,
): string {
  const fields = {
    homepage: `${page}#readme`,
    bugs: { url: `${page}/issues` },
    repository: { type: "git", url: gitUrl(page), directory },
  };
  const others = Object.entries(JSON.parse(text) as Readonly<Record<string, unknown>>)
    .filter(([name]) => !Object.hasOwn(fields, name))
    .map(([name, value]) => [name, name === "version" ? version : value] as const);
  const at = others.findIndex(([name]) => name === NEXT_FIELD);
  const place = at === -1 ? others.length : at;
  const written = [...others.slice(0, place), ...Object.entries(fields), ...others.slice(place)];
  return `${JSON.stringify(Object.fromEntries(written), undefined, 2)}\n`;
}

/** What a manifest says; undefined where it has no repository, or one that `withAddress` would not have written. */
export function addressOf({ repository }: Manifest): ManifestAddress | undefined {
  if (typeof repository !== "object" || repository === null) return undefined;
  const { url, directory } = repository as { readonly url?: unknown; readonly directory?: unknown };
  if (typeof url !== "string" || typeof directory !== "string") return undefined;
  const page = pageOf(url);
  return page === undefined ? undefined : { page, directory };
}

export function addressProblems(root: string, packages: readonly Published[]): AddressProblems {
  const missing: string[] = [];
  const wrong: string[] = [];
  const pages = new Map<string, string>();
  for (const { folder, manifest } of packages) {
    const absent = ["repository", "bugs", "homepage"].filter((field) => !(field in manifest));
    if (absent.length > 0) missing.push(`${manifest.name} has no ${absent.join(", ")}: ${PREPARE}`);
    if (manifest.repository === undefined) continue;
    const address = addressOf(manifest);
    const own = path.relative(root, folder);
    if (address === undefined)
      wrong.push(
        `${manifest.name} has a repository of another form than {type, url: "git+https://HOST/OWNER/NAME.git", directory}, or with a password in it: ${PREPARE}`,
      );
    else if (address.directory !== own)
      wrong.push(
        `${manifest.name} names another directory of the repository than ${own}: ${PREPARE}`,
      );
    if (address !== undefined) pages.set(manifest.name, address.page);
  }
  return { missing, wrong: [...wrong, ...disagreements(pages)] };
}

/** The packages that name another repository than the first one does. */
function disagreements(pages: ReadonlyMap<string, string>): string[] {
  const [first] = pages;
  if (first === undefined) return [];
  return [...pages]
    .filter(([, page]) => page !== first[1])
    .map(([name]) => `${name} names another repository than ${first[0]}: ${PREPARE}`);
}

function pageOf(url: string): string | undefined {
  try {
    const page = repositoryPage(url);
    return gitUrl(page) === url ? page : undefined;
  } catch (error) {
    if (error instanceof UnusableAddressError) return undefined;
    throw error;
  }
}

function gitUrl(page: string): string {
  return `git+${page}.git`;
}
