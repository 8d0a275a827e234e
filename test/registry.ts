import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { promisify } from "node:util";

import { LAUNCHERS, packTarball, PUBLISHED } from "./tarballs.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
}

interface Packed {
  readonly manifest: Manifest;
  readonly tarball: Buffer;
}

/** The packed packages by name, as a registry of packages has them: on loopback, for as long as it is held. */
export async function startRegistry(
  folder: string,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const packages = new Map<string, Packed>();
  // The launcher for arm64 is not built here: what is packed of it is what a package manager asks for, and does not take.
  for (const name of [...LAUNCHERS, "launcher-linux-arm64", ...PUBLISHED] as const) {
    const file = await packTarball(name, folder);
    const args = ["-xzOf", file, "package/package.json"];
    const { stdout } = await promisify(execFile)("tar", args);
    const manifest = JSON.parse(stdout) as Manifest;
    packages.set(manifest.name, { manifest, tarball: await readFile(file) });
  }
  const server = createServer((request, response) => {
    response.setHeader("cache-control", "no-store");
    const url = decodeURIComponent(request.url ?? "");
    const [, name = "", file] = /^\/(@[^/]+\/[^/]+)(?:\/-\/([^/]+))?$/.exec(url) ?? [];
    const packed = packages.get(name);
    if (packed === undefined) {
      response.writeHead(404, { "content-type": "application/json" }).end(`{"error":"not found"}`);
    } else if (file === undefined) {
      const address = server.address() as AddressInfo;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(described(packed, `http://127.0.0.1:${address.port}`)));
    } else {
      response.writeHead(200, { "content-type": "application/octet-stream" }).end(packed.tarball);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What a registry tells of a package. */
function described({ manifest, tarball }: Packed, url: string) {
  const { name, version } = manifest;
  const hash = (algorithm: string) => createHash(algorithm).update(tarball);
  const dist = {
    tarball: `${url}/${name}/-/${path.posix.basename(name)}-${version}.tgz`,
    shasum: hash("sha1").digest("hex"),
    integrity: `sha512-${hash("sha512").digest("base64")}`,
  };
  // Long ago: package managers pass over what has just been published.
  const published = "2026-01-01T00:00:00.000Z";
  return {
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, dist } },
    time: { created: published, modified: published, [version]: published },
  };
}
