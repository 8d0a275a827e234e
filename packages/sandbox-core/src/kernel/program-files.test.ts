import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect, test } from "vitest";

import { elfNeeds } from "./elf.ts";
import { loaderCache, programFiles } from "./program-files.ts";

test("Node needs the files that are mapped into the Node that runs this", () => {
  const { executed, read } = programFiles(process.execPath);
  const mapped = new Set(
    Array.from(readFileSync("/proc/self/maps", "latin1").matchAll(/ (\/.*)$/gm), ([, file]) =>
      String(file),
    ),
  );
  expect(executed[0]).toBe(realpathSync(process.execPath));
  const missing = [...executed, ...read].filter(
    (file) => file !== "/etc/ld.so.cache" && !mapped.has(file),
  );
  expect(missing).toEqual([]);
  const libraries = [...mapped].filter((file) =>
    /\/(?:ld-linux|libc|libm|libstdc\+\+)[-.]/.test(file),
  );
  expect(libraries.filter((file) => !executed.includes(file) && !read.includes(file))).toEqual([]);
});

test("a command needs the files that the loader itself lists", () => {
  for (const command of ["/usr/bin/git", "/bin/sh", "/usr/bin/env"]) {
    const listed = Array.from(
      execFileSync("/usr/bin/ldd", [command], { encoding: "utf8" }).matchAll(/(\/\S+) \(0x/g),
      ([, file]) => realpathSync(String(file)),
    );
    const { executed, read } = programFiles(command);
    expect([
      command,
      listed.filter((file) => !executed.includes(file) && !read.includes(file)),
    ]).toEqual([command, []]);
  }
});

test("a script brings its interpreter, and what that needs", () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "pyisolate-script-")));
  const script = path.join(folder, "script");
  writeFileSync(script, "#! /bin/sh -e\necho hello\n");
  const { executed, read } = programFiles(script);
  rmSync(folder, { recursive: true });
  expect(executed.slice(0, 2)).toEqual([script, realpathSync("/bin/sh")]);
  expect(read).toEqual(expect.arrayContaining([realpathSync("/lib/x86_64-linux-gnu/libc.so.6")]));
});

test("a file that is not a program needs nothing, and a missing file is left out", () => {
  expect(programFiles("/etc/passwd")).toEqual({ executed: ["/etc/passwd"], read: [] });
  expect(programFiles("/no/such/program")).toEqual({ executed: [], read: [] });
  expect(elfNeeds("/etc/passwd")).toBeNull();
});

test("a program file that is cut off or wrong makes no plan fail", () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "pyisolate-elf-")));
  const whole = readFileSync("/usr/bin/env");
  const file = path.join(folder, "program");
  for (const length of [0, 4, 6, 40, 63, 64, 65, 120, 500, 2000]) {
    writeFileSync(file, whole.subarray(0, length));
    expect(programFiles(file).executed[0]).toBe(file);
  }
  for (let at = 0; at < 120; at++) {
    const wrong = Buffer.from(whole.subarray(0, 4096));
    wrong[at] = 255;
    writeFileSync(file, wrong);
    expect(programFiles(file).executed[0]).toBe(file);
  }
  rmSync(folder, { recursive: true });
});

test("without the loader's list the default folders are enough here", () => {
  const without = programFiles(process.execPath, new Map());
  expect(without).toEqual(programFiles(process.execPath));
  expect(loaderCache("/no/such/file").size).toBe(0);
  expect(loaderCache().get("libc.so.6")).toEqual(
    expect.arrayContaining([expect.stringMatching(/libc\.so\.6$/)]),
  );
});
