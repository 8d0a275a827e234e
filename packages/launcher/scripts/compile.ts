import { execFile } from "node:child_process";
import { mkdir, rename } from "node:fs/promises";
import { arch } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const COMPILERS = {
  x64: { cross: "x86_64-linux-gnu-gcc", zig: "x86_64-linux-musl" },
  arm64: { cross: "aarch64-linux-gnu-gcc", zig: "aarch64-linux-musl" },
} as const;
export type Architecture = keyof typeof COMPILERS;
export const ARCHITECTURES = Object.keys(COMPILERS) as Architecture[];

/** Without a C library: what is made runs beside any, and needs none. */
const FLAGS = [
  "-Os -std=gnu17 -Wall -Wextra -Werror -ffreestanding -fno-builtin -nostdlib",
  "-fno-stack-protector -fno-asynchronous-unwind-tables -Wl,--build-id=none -Wl,-z,noexecstack -s",
].flatMap((line) => line.split(" "));

const FLAGS_FOR = {
  /** Static, at fixed addresses: nothing is loaded, and nothing runs before its first line. */
  program: "-static -fno-pie -no-pie -Wl,-z,norelro",
  /** An addon of Node. A symbol that Node lacks is found when the addon is loaded, and not when it is called. */
  addon: "-shared -fPIC -fvisibility=hidden -Wl,-z,now",
} as const;

/**
 * Compiles C files into one program or addon. Gives false where this machine has no compiler for the architecture.
 *
 * @throws Error with the compiler's messages.
 */
export async function compile(
  units: readonly string[],
  program: string,
  architecture: Architecture,
  kind: keyof typeof FLAGS_FOR = "program",
): Promise<boolean> {
  const compiler = await findCompiler(architecture);
  if (compiler === undefined) return false;
  await mkdir(path.dirname(program), { recursive: true });
  // Under another name first: of two builds at a time, neither executes half a file of the other.
  const made = `${program}.${process.pid}`;
  const [command, ...first] = compiler;
  await promisify(execFile)(command, [
    ...first,
    ...FLAGS,
    ...FLAGS_FOR[kind].split(" "),
    "-o",
    made,
    ...units,
  ]);
  await rename(made, program);
  return true;
}

async function findCompiler(
  architecture: Architecture,
): Promise<readonly [string, ...string[]] | undefined> {
  const { cross, zig } = COMPILERS[architecture];
  const given = process.env["CC"];
  const candidates: (readonly [string, ...string[]])[] = [
    ...(given === undefined || given === "" ? [] : [[given] as const]),
    [cross],
    ...(architecture === arch() ? ([["gcc"], ["cc"], ["clang"]] as const) : []),
    ["zig", "cc", "-target", zig],
  ];
  for (const candidate of candidates) if (await isThere(candidate[0])) return candidate;
  return undefined;
}

async function isThere(command: string): Promise<boolean> {
  try {
    await promisify(execFile)(command, ["--version"]);
    return true;
  } catch (error) {
    // zig knows no such option, and is there.
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
