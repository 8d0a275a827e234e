import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { CellStartError } from "../host/cell-errors.ts";
import { Confinement, openToAll } from "./confinement.ts";
import { supportOf } from "./support.ts";

const options = { code: ["/cell.cjs"], addons: [], descriptors: 5 };
const whole = supportOf("/launcher", "protocol=1 landlock=7 errata=0 seccomp=0\n");
const old = supportOf("/launcher", "protocol=1 landlock=3 errata=0 seccomp=0\n");
const none = supportOf("/launcher", "protocol=1 landlock=7 errata=0 seccomp=-22\n");

test("where all is there, cells are confined and nothing is said", async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on("warning", listen);
  const confinement = Confinement.prepare("require", options, whole);
  await new Promise(setImmediate);
  process.off("warning", listen);
  expect(warnings).toEqual([]);
  expect(
    ["filesystem", "network", "subprocess"].map((each) => confinement?.governs(each as "network")),
  ).toEqual([true, true, true]);
  expect(confinement?.governs("random")).toBe(false);
});

test("what must be confined and cannot be does not start, and every missing class is named", () => {
  expect(() => Confinement.prepare("require", options, old)).toThrow(CellStartError);
  expect(() => Confinement.prepare("require", options, old)).toThrow(
    'kernel: "require" cannot be met on this host:\n' +
      "  - tcp: Landlock's ABI is 3, and this needs 4 (Linux 6.7)\n" +
      "  - scopes: Landlock's ABI is 3, and this needs 6 (Linux 6.12)",
  );
});

test("what should be confined and can be only in part is confined in part, and said once", async () => {
  const warning = once(process, "warning");
  const confinement = Confinement.prepare("prefer", options, old);
  const [first] = (await warning) as [Error & { code: string }];
  expect(first.code).toBe("PYISOLATE_KERNEL");
  expect(first.message).toMatch(/in part\. Missing:\n  - tcp: .*\n  - scopes: /);
  expect(confinement?.governs("filesystem")).toBe(true);
  expect(confinement?.governs("network")).toBe(false);
  let more = 0;
  const count = (): void => void more++;
  process.on("warning", count);
  Confinement.prepare("prefer", options, old);
  await new Promise(setImmediate);
  process.off("warning", count);
  expect(more).toBe(0);
});

test("where nothing can be confined, prefer goes without and says so", async () => {
  const warning = once(process, "warning");
  expect(Confinement.prepare("prefer", options, none)).toBeUndefined();
  const [said] = (await warning) as [Error];
  expect(said.message).toMatch(/not confined by the kernel.*\n  - system calls: seccomp/);
});

test("a canary is a file that is there and that every user may read, by its real path", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "pyisolate-canary-")));
  try {
    const [open, link, secret, directory] = ["open", "link", "secret", "directory"].map((name) =>
      join(folder, name),
    ) as [string, string, string, string];
    writeFileSync(open, "", { mode: 0o644 });
    writeFileSync(secret, "", { mode: 0o600 });
    symlinkSync(open, link);
    mkdirSync(directory);
    expect(openToAll([join(folder, "none"), secret, directory, link])).toEqual([open]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
