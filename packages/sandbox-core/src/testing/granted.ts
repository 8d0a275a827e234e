import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory that a policy grants, beside one that it does not. */
export interface Grounds extends Disposable {
  readonly root: string;
  readonly granted: string;
  readonly outside: string;
  /** Everything below `granted`, the directory itself too. */
  readonly rule: object;
}

export function grounds(): Grounds {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "pyisolate-fs-")));
  const granted = join(root, "granted");
  const outside = join(root, "outside");
  mkdirSync(granted);
  mkdirSync(outside);
  return {
    root,
    granted,
    outside,
    rule: { id: "granted", effect: "allow", capability: "filesystem", paths: [`${granted}/**`] },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Takes all out of a folder, which stays the same folder: a confined cell has been granted that one, and no other of its name. */
export function empty(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    rmSync(folder, { force: true });
    mkdirSync(folder);
  }
  for (const entry of readdirSync(folder))
    rmSync(join(folder, entry), { recursive: true, force: true });
}
