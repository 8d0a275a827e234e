import { createRequire } from "node:module";

const { name, version } = createRequire(import.meta.url)("../package.json") as {
  readonly name: string;
  readonly version: string;
};

/** The instrumentation scope of everything that this package emits: the package's name and version. */
export const SCOPE = { name, version } as const;
