import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Manifest } from "../published.ts";

/** A file in a tarball. */
export interface PackedFile {
  /** As it is named in the package. */
  readonly path: string;
  readonly bytes: number;
}

/** What a registry would receive. */
export interface Tarball {
  /** Absolute. */
  readonly file: string;
  readonly manifest: Manifest;
  readonly files: readonly PackedFile[];
  /** Compressed. */
  readonly bytes: number;
  /** Subresource integrity, as a registry tells it to who installs. */
  readonly integrity: string;
  /** What is wrong with it; empty where nothing is. */
  readonly problems: readonly string[];
}

/** Names that no package ships. */
const UNWANTED =
  /\.test\.|(?:^|\/)testing\/|\.tsbuildinfo$|(?:^|\/)tsconfig|(?:^|\/)node_modules\/|\.tgz$/;
/** What ELF calls the machines that launchers are built for (`e_machine`, in the ELF specification of each). */
const ELF_MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

/** Opens a tarball and looks at what is in it. @param license The text that it must ship. */
export function readTarball(file: string, license: string): Tarball {
  const folder = mkdtempSync(path.join(tmpdir(), "pyisolate-tarball-"));
  try {
    execFileSync("tar", ["-xzf", file, "-C", folder]);
    const root = path.join(folder, "package");
    const bytes = readFileSync(file);
    const files = filesBelow(root);
    const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Manifest;
    return {
      file,
      manifest,
      files,
      bytes: bytes.length,
      integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
      problems: [
        ...fileProblems(root, files, license),
        ...manifestProblems(root, manifest),
        ...launcherProblems(root, manifest),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function filesBelow(root: string): PackedFile[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return { path: path.relative(root, file), bytes: statSync(file).size };
    })
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

function fileProblems(root: string, files: readonly PackedFile[], license: string): string[] {
  const names = files.map((each) => each.path);
  const shipped = names.includes("LICENSE") ? readFileSync(path.join(root, "LICENSE"), "utf8") : "";
  return [
    ...names.filter((name) => UNWANTED.test(name)).map((name) => `ships ${name}`),
    ...(names.includes("README.md") ? [] : ["ships no README.md"]),
    ...(shipped === license ? [] : ["does not ship the repository's LICENSE"]),
  ];
}

function manifestProblems(root: string, manifest: Manifest): string[] {
  const text = JSON.stringify(manifest);
  const missing = Object.values(manifest.bin ?? {}).filter(
    (file) => statSync(path.join(root, file), { throwIfNoEntry: false }) === undefined,
  );
  return [
    ...(/"(?:workspace|catalog):/.test(text)
      ? ["names a version of the workspace, not a range"]
      : []),
    ...(manifest.license === "Apache-2.0" ? [] : ["is not under Apache-2.0"]),
    ...(manifest.publishConfig?.access === "public" ? [] : ["is not public: publishConfig.access"]),
    ...missing.map((file) => `has a command that is not there: ${file}`),
  ];
}

/** What a launcher's package carries. One that is missing or another machine's would leave cells unconfined, end them, or leave them as wide as they were. */
const LAUNCHER_FILES = ["pyisolate-launcher", "pyisolate-stack.node", "pyisolate-narrow.node"];

function launcherProblems(root: string, { name, cpu }: Manifest): string[] {
  if (!name.includes("/launcher-")) return [];
  const machine = cpu?.[0] ?? "any machine";
  return LAUNCHER_FILES.flatMap((file) => {
    const program = path.join(root, "bin", file);
    const found = statSync(program, { throwIfNoEntry: false });
    if (found === undefined) return [`ships no bin/${file}`];
    return [
      ...((found.mode & 0o111) === 0 ? [`its ${file} is not executable`] : []),
      ...(isMadeFor(machine, readFileSync(program))
        ? []
        : [`its ${file} is not made for ${machine}`]),
    ];
  });
}

function isMadeFor(machine: string, bytes: Buffer): boolean {
  // e_machine is two bytes at 18, in the file's own order: little-endian on both.
  return (
    bytes.subarray(0, 4).toString("latin1") === "\u007FELF" &&
    bytes.readUInt16LE(18) === ELF_MACHINES[machine]
  );
}
