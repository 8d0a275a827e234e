import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";

/** A service with guards of its own. */
const SERVICE = `
  import { createDenialRecorder, denialEvent, SCOPE } from "@pyisolate/telemetry";
  const logger = { enabled: () => true, emit: () => {} };
  const denials = createDenialRecorder({ loggerProvider: { getLogger: () => logger } });
  denials.record(denialEvent({ cell: "a", capability: "database", operation: "query" }));
  denials.flush().then(() => console.log(JSON.stringify([SCOPE.name, denials.ledger().emitted])));
`;

test.each([
  ["esm", "mjs"],
  ["cjs", "cjs"],
] as const)("a bundle of the recorder as %s runs in another folder", async (format, ext) => {
  const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-bundle-"));
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const outfile = path.join(folder, `service.${ext}`);
  const { warnings } = await build({
    stdin: { contents: SERVICE, resolveDir: import.meta.dirname },
    bundle: true,
    platform: "node",
    format,
    outfile,
    logLevel: "silent",
  });
  expect(warnings).toEqual([]);
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual(["@pyisolate/telemetry", 1]);
});
