import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

// The filter for arm64 has not been run on such a machine. Its numbers are held against the kernel's generic table, which is arm64's, as the
// kernel's headers have it and as its preprocessor reads it.

/** What arm64's own asm/unistd.h asks of the generic table. */
const WANTED = ["RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "SYS_CLONE3", "MEMFD_SECRET"];

/** A number, the same on arm64 and elsewhere, that stands for all of them: from docs, arm64's table (man 2 syscalls). */
const KNOWN = { openat: 56, read: 63, write: 64, ptrace: 117, clone: 220, execve: 221, bpf: 280 };

function genericTable(): Map<string, number> {
  const text = execFileSync(
    process.env["CC"] ?? "cc",
    ["-E", "-dM", ...WANTED.map((name) => `-D__ARCH_WANT_${name}`), "-"],
    { input: "#include <asm-generic/unistd.h>\n", encoding: "utf8" },
  );
  const defined = new Map(
    [...text.matchAll(/^#define (__NR\w*) (\w+)$/gm)].map(([, name = "", value = ""]) => [
      name,
      value,
    ]),
  );
  const table = new Map<string, number>();
  for (const name of defined.keys()) {
    if (!name.startsWith("__NR_") || /^__NR_(?:syscalls|arch_specific_syscall)$/.test(name))
      continue;
    let value = defined.get(name) ?? "";
    while (defined.has(value)) value = defined.get(value) ?? "";
    if (/^\d+$/.test(value)) table.set(name.slice("__NR_".length), Number(value));
  }
  return table;
}

function source(file: string): string {
  return readFileSync(path.join(import.meta.dirname, file), "utf8");
}

/** The names that the filter for arm64 speaks of: the common list, arm64's own, and those that `filter.c` looks at closely. */
function namesOfTheFilter(): string[] {
  const list = source("filter-list.h").replace(/#if defined\(__x86_64__\)[\s\S]*?#else/, "");
  const listed = [...list.matchAll(/\b(?:BOTH|PAIR)\((\w+),/g)].map(([, name = ""]) => name);
  const close = [...source("filter.c").matchAll(/__NR_(\w+)/g)].map(([, name = ""]) => name);
  return [...new Set([...listed, ...close])];
}

test("the kernel's table of system calls for arm64 is the one that is meant", () => {
  expect(Object.fromEntries(genericTable())).toMatchObject(KNOWN);
});

test("each system call that the filter speaks of has a number on arm64, from the headers or from our own", () => {
  const own = new Set(
    [...source("numbers.h").matchAll(/#define __NR_(\w+)/g)].map(([, name = ""]) => name),
  );
  const table = genericTable();
  expect(namesOfTheFilter().filter((name) => !table.has(name) && !own.has(name))).toEqual([]);
});

test("our own numbers are the headers', as far as those go", () => {
  const table = genericTable();
  const own = [...source("numbers.h").matchAll(/#define __NR_(\w+) (\d+)/g)];
  expect(own.length).toBeGreaterThan(40);
  for (const [, name = "", number] of own)
    expect([name, table.get(name) ?? Number(number)]).toEqual([name, Number(number)]);
});

test("each system call of arm64 that the headers know has a line in the list", () => {
  const names = new Set(namesOfTheFilter());
  expect([...genericTable().keys()].filter((name) => !names.has(name))).toEqual([]);
});
