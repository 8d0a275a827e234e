import { atob } from "./base64.ts";
import { File } from "./blob.ts";
import { TextDecoder, TextEncoder } from "./encoding.ts";
import { FormData } from "./form-data.ts";

const CR = 13;
const LF = 10;
const DASH = 45;

/** Why a line is not a header. */
const NO_FIELD = "header name does not match the field-name token production";

/** What a part says before its content. */
interface Head {
  readonly name: string;
  /** Undefined for a part that is not a file. */
  readonly filename: string | undefined;
  readonly type: string;
  readonly isBase64: boolean;
}

/**
 * Reads a form that is sent as `multipart/form-data` (RFC 7578), as Node does.
 *
 * @param type The value of the header `content-type`.
 * @throws TypeError for bytes that are no such form.
 */
export function parseMultipart(bytes: Uint8Array, type: string): FormData {
  const [, quoted, token] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type) ?? [];
  const boundary = quoted ?? token;
  if (boundary === undefined) throw unreadable("missing boundary in content-type header");
  const form = new FormData();
  const start = new TextEncoder().encode(`--${boundary}`);
  const next = new TextEncoder().encode(`\r\n--${boundary}`);
  let at = find(bytes, start, 0);
  if (at === -1) throw unreadable("no boundary found in multipart body");
  at += start.length;
  for (;;) {
    if (bytes[at] === DASH && bytes[at + 1] === DASH) return form;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) throw unreadable("expected CRLF");
    at += 2;
    const [head, from] = readHead(bytes, at);
    const end = find(bytes, next, from);
    if (end === -1) throw unreadable("expected boundary after body");
    append(form, head, bytes.subarray(from, end));
    at = end + next.length;
  }
}

function unreadable(why: string): TypeError {
  return new TypeError("Failed to parse body as FormData.", { cause: new TypeError(why) });
}

function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same += 1;
    if (same === wanted.length) return at;
  }
  return -1;
}

/** A part's headers, and where its content begins. */
function readHead(bytes: Uint8Array, from: number): readonly [Head, number] {
  const headers = new Map<string, string>();
  let at = from;
  while (bytes[at] !== CR || bytes[at + 1] !== LF) {
    let end = bytes.indexOf(CR, at);
    while (end !== -1 && bytes[end + 1] !== LF) end = bytes.indexOf(CR, end + 1);
    if (end === -1) throw unreadable(at < bytes.length ? "expected CRLF" : NO_FIELD);
    const line = new TextDecoder().decode(bytes.subarray(at, end));
    const [, name = "", value = ""] =
      /^([!#$%&'*+.^_`|~\w-]+)[ \t]*:[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
    if (name === "") throw unreadable(NO_FIELD);
    headers.set(name.toLowerCase(), value);
    at = end + 2;
  }
  const disposition = headers.get("content-disposition");
  if (disposition === undefined) throw unreadable("header name is null");
  if (!/^form-data\s*(?:;|$)/i.test(disposition))
    throw unreadable("expected form-data for content-disposition header");
  const name = parameter(disposition, "name");
  if (name === undefined)
    throw unreadable("name attribute is required in content-disposition header");
  const head = {
    name,
    filename: extended(disposition) ?? parameter(disposition, "filename"),
    type: headers.get("content-type") ?? "text/plain",
    isBase64: /^base64$/i.test(headers.get("content-transfer-encoding") ?? ""),
  };
  return [head, at + 2];
}

function parameter(disposition: string, name: string): string | undefined {
  const [, quoted, token] =
    new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^\\s;"]+))`, "i").exec(disposition) ?? [];
  const escapes: Readonly<Record<string, string>> = { "%22": '"', "%0D": "\r", "%0A": "\n" };
  return (
    quoted?.replaceAll(/%22|%0D|%0A/gi, (code) => escapes[code.toUpperCase()] ?? code) ?? token
  );
}

/** A filename in the form that names its encoding (RFC 5987). */
function extended(disposition: string): string | undefined {
  const [, coded] = /;\s*filename\*=utf-8'[^']*'([^\s;]+)/i.exec(disposition) ?? [];
  return coded === undefined ? undefined : decodeURIComponent(coded);
}

function append(form: FormData, head: Head, content: Uint8Array): void {
  let bytes = content;
  if (head.isBase64) {
    const text = atob(new TextDecoder("latin1").decode(content));
    bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  }
  if (head.filename === undefined) form.append(head.name, new TextDecoder().decode(bytes));
  else form.append(head.name, new File([bytes], head.filename, { type: head.type }));
}
