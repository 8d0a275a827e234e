import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

// In a mount namespace of its own: the machine's /etc/hosts stays as it is.
const OWN_HOSTS = `mount --bind "$0" /etc/hosts && exec "$@"`;

/** Whether this process may do so: root in a container often may not. */
export async function mayName(): Promise<boolean> {
  return await run("unshare", ["-m", "sh", "-c", OWN_HOSTS, "/etc/hosts", "true"]).then(
    () => true,
    () => false,
  );
}

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
  const script = `#!/bin/sh\nexec unshare -m sh -c '${OWN_HOSTS}' '${hosts}' '${binary}' "$@"\n`;
  await writeFile(command, script, { mode: 0o700 });
  return command;
}
