import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** In a mount namespace of its own, which only root may make: the machine's /etc/hosts stays as it is. */
const SCRIPT = `#!/bin/sh
exec unshare -m sh -c 'mount --bind "$0" /etc/hosts && exec "$@"'`;

/** A command that runs `binary` where this name has these addresses. */
export async function whereNamed(
  name: string,
  addresses: readonly string[],
  binary: string,
  directory: string,
): Promise<string> {
  const hosts = join(directory, "hosts");
  await writeFile(hosts, addresses.map((address) => `${address} ${name}\n`).join(""));
  const command = join(directory, "where-named.sh");
  await writeFile(command, `${SCRIPT} '${hosts}' '${binary}' "$@"\n`, { mode: 0o700 });
  return command;
}
