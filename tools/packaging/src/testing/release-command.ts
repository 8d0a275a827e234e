import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";

import { ROOT } from "../published.ts";

/** How the command ended, and what it wrote. */
export interface Ending {
  /** -1 where a signal or the timeout ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `pnpm release` of this repository in another one. */
export async function release(
  cwd: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Ending> {
  const command = path.join(ROOT, "tools/packaging/src/release.ts");
  const { promise, resolve } = Promise.withResolvers<Ending>();
  execFile(
    process.execPath,
    [command, ...args],
    { cwd, env: { ...process.env, ...environment }, timeout: 100_000 },
    (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    },
  );
  return await promise;
}

/** A registry on loopback that takes every package and remembers its name. */
export async function startRegistry(): Promise<
  AsyncDisposable & { readonly published: string[]; readonly environment: NodeJS.ProcessEnv }
> {
  const published: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.once("end", () => {
      const isPublication = request.method === "PUT";
      if (isPublication) published.push(decodeURIComponent(request.url ?? "").slice(1));
      response.writeHead(isPublication ? 201 : 404, { "content-type": "application/json" });
      response.end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    published,
    environment: {
      // pnpm's own, so that npx still finds pnpm where that does not run yet.
      PNPM_CONFIG_REGISTRY: `http://127.0.0.1:${address.port}/`,
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
