import { randomUUID } from "node:crypto";
import { readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";

import { addRules, type RuleToAdd } from "@pyisolate/policy";

/**
 * Adds rules to a policy file. A supervisor that watches the file sees it whole, before or after.
 *
 * @throws Error as `addRules`, or if the file cannot be written; it is unchanged then.
 */
export async function addRulesToFile(file: string, rules: readonly RuleToAdd[]): Promise<void> {
  // Replace what a link leads to, and not the link.
  const real = await realpath(file);
  const text = addRules(await readFile(real, "utf8"), rules);
  const { mode } = await stat(real);
  const temporary = `${real}.${randomUUID()}`;
  try {
    await writeFile(temporary, text, { mode, flag: "wx" });
    await rename(temporary, real);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
