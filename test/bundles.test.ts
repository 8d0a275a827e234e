import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build } from "esbuild";
import { rollup } from "rollup";
import { expect, onTestFinished, test } from "vitest";

/** A service with guards of its own. */
const SERVICE = `
  import { createDenialRecorder, denialEvent, SCOPE } from "@pyisolate/telemetry";
  const logger = { enabled: () => true, emit: () => {} };
  const denials = createDenialRecorder({ loggerProvider: { getLogger: () => logger } });
  denials.record(denialEvent({ cell: "a", capability: "database", operation: "query" }));
  denials.flush().then(() => console.log(JSON.stringify([SCOPE.name, denials.ledger().emitted])));
`;

/** The same with the SDK entry. */
const WITH_SDK = `
  import { startTelemetry } from "@pyisolate/telemetry/sdk";
  import { createDenialRecorder, denialEvent, SCOPE } from "@pyisolate/telemetry";
  const otel = startTelemetry({ metrics: "prometheus", logs: "none", port: 0 });
  const denials = createDenialRecorder();
  denials.record(denialEvent({ cell: "a", capability: "database", operation: "query" }));
  otel.ready()
    .then(async () => await (await fetch(otel.prometheusUrl)).text())
    .then((page) => console.log(JSON.stringify([SCOPE.name, Number(/^pyisolate_denials_total.* (.*)$/m.exec(page)[1])])))
    .then(async () => await otel.shutdown());
`;

type Format = "esm" | "cjs";

/** Writes a bundle of the service to a file. @returns what the bundler had to say of it. */
type Bundler = (service: string, format: Format, file: string) => Promise<readonly string[]>;

const BUNDLERS: Readonly<Record<string, Bundler>> = {
  esbuild: async (contents, format, outfile) => {
    const { warnings } = await build({
      stdin: { contents, resolveDir: import.meta.dirname },
      bundle: true,
      platform: "node",
      format,
      outfile,
      logLevel: "silent",
    });
    return warnings.map(({ text }) => text);
  },
  rollup: async (service, format, file) => {
    const warnings: string[] = [];
    const entry = path.join(import.meta.dirname, "bundled-service.js");
    const bundle = await rollup({
      input: entry,
      external: [/^node:/, ...builtinModules],
      plugins: [
        {
          name: "service",
          resolveId: (id) => (id === entry ? id : undefined),
          load: (id) => (id === entry ? service : undefined),
        },
        nodeResolve({ preferBuiltins: true }),
      ],
      onwarn: ({ message }) => {
        warnings.push(message);
      },
    });
    await bundle.write({ file, format });
    await bundle.close();
    return warnings;
  },
};

test.each(
  [
    { what: "the recorder", service: SERVICE },
    { what: "recorder and SDK entry", service: WITH_SDK },
  ].flatMap((each) =>
    Object.entries(BUNDLERS).flatMap(([name, bundle]) =>
      (["esm", "cjs"] as const).map((format) => ({ ...each, name, bundle, format })),
    ),
  ),
)(
  "a bundle of $what by $name as $format runs in another folder, without a word",
  async ({ service, bundle, format }) => {
    const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-bundle-"));
    onTestFinished(async () => {
      await rm(folder, { recursive: true, force: true });
    });
    const file = path.join(folder, format === "esm" ? "service.mjs" : "service.cjs");
    expect(await bundle(service, format, file)).toEqual([]);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
    expect(JSON.parse(stdout)).toEqual(["@pyisolate/telemetry", 1]);
    expect(stderr).toBe("");
  },
);
