// What the parts use of packages that have no types, and of each other where only names matter.

declare module "whatwg-url" {
  export const URL: typeof globalThis.URL;
  export const URLSearchParams: typeof globalThis.URLSearchParams;
}
declare module "event-target-shim" {
  export const Event: typeof globalThis.Event;
  export const EventTarget: typeof globalThis.EventTarget;
  export function defineEventAttribute(prototype: object, type: string): void;
  export function setErrorHandler(handler: (error: Error) => void): void;
}
declare module "@pkgjs/parseargs" {
  export { parseArgs } from "node:util";
}
declare module "buffer/index.js" {
  export const Buffer: unknown;
  export const kMaxLength: number;
}
declare module "tr46" {
  export function toASCII(domain: string, options: object): string | null;
  export function toUnicode(domain: string, options: object): { domain: string; error: boolean };
}
declare module "events/events.js" {
  export { EventEmitter as default } from "node:events";
}
declare module "string_decoder/lib/string_decoder.js" {
  export { StringDecoder } from "node:string_decoder";
}
declare module "querystring-es3" {
  const querystring: Readonly<Record<string, unknown>>;
  export default querystring;
}
declare module "path-browserify" {
  const path: Readonly<Record<string, unknown>>;
  export default path;
}
declare module "url/url.js" {
  const url: Readonly<Record<string, unknown>> & { readonly Url: abstract new () => object };
  export default url;
}
declare module "assert/build/assert.js" {
  export { default } from "node:assert";
}
declare module "readable-stream" {
  export { default } from "node:stream";
}
/** The functions that the guest runtime gives to the parts. The guest has each of them by another name. */
declare module "#runtime" {
  export function setTimeout(
    callback: (...args: never[]) => void,
    ms?: unknown,
    ...args: unknown[]
  ): object;
  export function clearTimeout(timer: unknown): void;
  export function setInterval(
    callback: (...args: never[]) => void,
    ms?: unknown,
    ...args: unknown[]
  ): object;
  export function clearInterval(timer: unknown): void;
  export function setImmediate(callback: (...args: never[]) => void, ...args: unknown[]): object;
  export function clearImmediate(timer: unknown): void;
  export function queueMicrotask(callback: () => void): void;
  /** Milliseconds since the cell started. */
  export function now(): number;
  /** Writes a line to the host's console. */
  export function print(level: "log" | "error", text: string): void;
  /** Writes text as to a stream: a line goes to the host's console once it has its end, or the call its. */
  export function write(level: "log" | "error", text: string): void;
}
