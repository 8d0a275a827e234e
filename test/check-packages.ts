import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { publint } from "publint";
import { formatMessage } from "publint/utils";

import { LIBRARIES, packTarball, PUBLISHED } from "./tarballs.ts";

// Checks each package as a registry would receive it: publint for what it ships, attw for whether its types resolve.
const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-packages-"));
try {
  const checked = await Promise.all(
    PUBLISHED.map(async (name) => {
      const tarball = await packTarball(name, folder);
      // The command is no library: it has no entry to import, so that there are no types to resolve.
      const isLibrary = LIBRARIES.some((library) => library === name);
      const faults = await Promise.all([
        publintFaults(tarball),
        isLibrary ? attwFaults(tarball) : [],
      ]);
      return {
        name,
        checkers: isLibrary ? "publint and attw find" : "publint finds",
        faults: faults.flat(),
      };
    }),
  );
  for (const { name, checkers, faults } of checked) {
    console.log(
      `@pyisolate/${name}: ${faults.length === 0 ? `${checkers} nothing` : "not publishable"}`,
    );
    for (const fault of faults) console.log(`  ${fault.replaceAll("\n", "\n  ")}`);
    if (faults.length > 0) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function publintFaults(tarball: string): Promise<string[]> {
  const bytes = await readFile(tarball);
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
  });
  return messages.map(
    (message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  );
}

/** attw's own table is its message: it says which entry fails to resolve, and how. */
async function attwFaults(tarball: string): Promise<string[]> {
  const cli = path.join(
    path.dirname(fileURLToPath(import.meta.resolve("@arethetypeswrong/cli/package.json"))),
    "dist/index.js",
  );
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      cli,
      tarball,
      "--profile",
      "esm-only",
      "--no-color",
      "--no-emoji",
    ]);
    // No types at all is no problem to attw, and it exits with 0.
    return stdout.includes("does not contain types") ? ["attw: the package contains no types"] : [];
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return [`attw: ${`${stdout}${stderr}`.trim() || String(error)}`];
  }
}
