/** Node's modules that are parts of the guest library: pure JavaScript without authority, built by `scripts/library.ts`. */
export const LIBRARY_MODULES: readonly string[] = [
  "node:assert",
  "node:assert/strict",
  "node:buffer",
  "node:events",
  "node:path",
  "node:path/posix",
  "node:process",
  "node:querystring",
  "node:stream",
  "node:stream/promises",
  "node:string_decoder",
  "node:timers",
  "node:timers/promises",
  "node:url",
  "node:util",
];

/** The parts of the guest library: those modules, and what stands behind the global names. */
export const LIBRARY_PARTS: readonly string[] = [
  ...LIBRARY_MODULES,
  "atomics",
  "base64",
  "console-table",
  "encoding",
  "event-target",
  "fetch",
  "file-handle",
  "file-streams",
  "hashes",
  "idna",
  "inspect",
  "legacy-encodings",
  "open-files",
  "structured-clone",
  "web-assembly",
  "web-streams",
  "web-url",
];

/** The global names that are made of a part at their first use. */
export const LIBRARY_GLOBALS: Readonly<Record<string, string>> = {
  AbortController: "event-target",
  AbortSignal: "event-target",
  Blob: "fetch",
  Buffer: "node:buffer",
  ByteLengthQueuingStrategy: "web-streams",
  CountQueuingStrategy: "web-streams",
  CustomEvent: "event-target",
  DOMException: "event-target",
  Event: "event-target",
  EventTarget: "event-target",
  File: "fetch",
  FormData: "fetch",
  Headers: "fetch",
  ReadableStream: "web-streams",
  Request: "fetch",
  Response: "fetch",
  TextDecoder: "encoding",
  TextDecoderStream: "web-streams",
  TextEncoder: "encoding",
  TextEncoderStream: "web-streams",
  TransformStream: "web-streams",
  URL: "web-url",
  URLSearchParams: "web-url",
  WritableStream: "web-streams",
  atob: "base64",
  btoa: "base64",
  structuredClone: "structured-clone",
};

/** The global names that are a module as a whole. */
export const LIBRARY_WHOLE: Readonly<Record<string, string>> = { process: "node:process" };
