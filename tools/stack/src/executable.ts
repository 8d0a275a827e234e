import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Every executable file of these names on PATH, in the order of its folders, then of the names. */
export async function onPath(
  names: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> {
  const found: string[] = [];
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    // An empty entry means the working directory, from which no server must be taken.
    if (folder === "") continue;
    for (const name of names) {
      const path = join(folder, name);
      if (await isExecutable(path)) found.push(path);
    }
  }
  return found;
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
