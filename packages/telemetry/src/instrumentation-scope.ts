/**
 * The instrumentation scope of everything that this package emits: the package's name and version. Written here, because a bundle
 * has no package.json beside it; a test holds it to that file.
 */
export const SCOPE = { name: "@pyisolate/telemetry", version: "0.1.0" } as const;
