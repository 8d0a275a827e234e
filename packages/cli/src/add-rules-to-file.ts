import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { open, realpath, rename, rm, stat } from "node:fs/promises";

import { addRules, type RuleToAdd } from "@pyisolate/policy";

import { readText } from "./read-file.ts";

/** A file's mode without its kind. */
const MODE = 0o7777;

/**
 * Adds rules to a policy file, which keeps its owner, its group and its mode. A supervisor that watches the file sees it whole,
 * before or after. The file is replaced: another hard link to it keeps the old policy.
 *
 * @throws Error as `addRules`, or if the file cannot be written, or not as its owner's; it is unchanged then.
 */
export async function addRulesToFile(file: string, rules: readonly RuleToAdd[]): Promise<void> {
  // Replace what a link leads to, and not the link.
  const real = await realpath(file);
  const text = addRules(await readText(real), rules);
  const temporary = `${real}.${randomUUID()}`;
  try {
    await writeLike(temporary, text, await stat(real), file);
    await rename(temporary, real);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes a new file that only its owner can read until it has the owner and the mode of another. */
async function writeLike(
  temporary: string,
  text: string,
  { mode, uid, gid }: Stats,
  file: string,
): Promise<void> {
  await using handle = await open(temporary, "wx", 0o600);
  try {
    await handle.chown(uid, gid);
  } catch (cause) {
    throw new Error(
      `${file} belongs to user ${uid} and group ${gid}, to whom this user cannot give a file; run this as that user, or add the rules by hand`,
      { cause },
    );
  }
  // After the change of owner, which takes set-user-id and set-group-id away.
  await handle.chmod(mode & MODE);
  await handle.writeFile(text);
  // Without it a machine that loses power may keep the new name and not the text.
  await handle.sync();
}
