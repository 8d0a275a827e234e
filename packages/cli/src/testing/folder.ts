import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder with some files, for a command to run in. */
export function folderWith(files: Readonly<Record<string, string>>): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "pyisolate-cli-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A policy without mistakes. */
export const POLICY = `version: 1
name: plugins
rules:
  - { id: data,   effect: allow, capability: filesystem, operations: [read, list], paths: ["/srv/data/**"] }
  - { id: dotenv, effect: deny,  capability: filesystem, operations: [read], paths: ["**/.env"] }
  - { id: api,    effect: allow, capability: network, hosts: ["api.example.com:443"] }
`;
