import type { Manifest } from "../published.ts";
import { addressOf } from "./manifest-address.ts";
import type { Tarball } from "./tarball.ts";

/** What is wrong with tarballs that are to be published together: nothing, or one sentence each. */
export function problemsOf(tarballs: readonly Tarball[], expected: readonly Manifest[]): string[] {
  const packed = new Map(tarballs.map(({ manifest }) => [manifest.name, manifest.version]));
  return [
    ...expected.flatMap(({ name }) => (packed.has(name) ? [] : [`${name} is missing`])),
    ...tarballs.flatMap(({ manifest, problems }) =>
      [...problems, ...siblingProblems(manifest, packed)].map((each) => `${manifest.name} ${each}`),
    ),
  ];
}

/** One that needs another version than is published with it could not be installed. */
function siblingProblems(
  { dependencies, optionalDependencies }: Manifest,
  packed: ReadonlyMap<string, string>,
): string[] {
  return Object.entries({ ...dependencies, ...optionalDependencies })
    .filter(([name, range]) => name.startsWith("@pyisolate/") && packed.get(name) !== range)
    .map(([name, range]) => `needs ${name} ${range}, which is not published with it`);
}

/** The tarballs as a person reads them. */
export function tableOf(tarballs: readonly Tarball[]): string {
  const rows = tarballs.map(({ manifest, files, bytes }) => [
    manifest.name,
    manifest.version,
    `${files.length} files`,
    `${kilobytes(bytes)} packed`,
    `${kilobytes(files.reduce((sum, file) => sum + file.bytes, 0))} unpacked`,
    partsOf(files.map((file) => file.path)),
    placeOf(manifest),
  ]);
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `https://HOST/OWNER/NAME, packages/cli`; nothing where the manifest has no address. */
function placeOf(manifest: Manifest): string {
  const address = addressOf(manifest);
  return address === undefined ? "" : `${address.page}, ${address.directory}`;
}

/** `dist 120, src 80, README.md`: how many files of each folder at the top, and the files there. */
function partsOf(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const [top = "", ...rest] = path.split("/");
    counts.set(top, (counts.get(top) ?? 0) + Number(rest.length > 0));
  }
  return [...counts].map(([top, count]) => (count === 0 ? top : `${top} ${count}`)).join(", ");
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
