import { Blob, blobBytes, File, joined } from "./blob.ts";
import { TextEncoder } from "./encoding.ts";
import { showAs } from "./show-as.ts";

type Entry = string | File;

/** The fields of a form (XMLHttpRequest standard). */
export class FormData {
  #entries: [string, Entry][] = [];

  append(name: unknown, value: unknown, filename?: unknown): void {
    this.#entries.push([String(name), entryOf(value, filename)]);
  }

  set(name: unknown, value: unknown, filename?: unknown): void {
    const entry: [string, Entry] = [String(name), entryOf(value, filename)];
    const at = this.#entries.findIndex(([key]) => key === entry[0]);
    const others = this.#entries.filter(([key]) => key !== entry[0]);
    if (at !== -1) others.splice(at, 0, entry);
    else others.push(entry);
    this.#entries = others;
  }

  get(name: unknown): Entry | null {
    return this.#entries.find(([key]) => key === String(name))?.[1] ?? null;
  }

  getAll(name: unknown): Entry[] {
    return this.#entries.filter(([key]) => key === String(name)).map(([, entry]) => entry);
  }

  has(name: unknown): boolean {
    return this.get(name) !== null;
  }

  delete(name: unknown): void {
    this.#entries = this.#entries.filter(([key]) => key !== String(name));
  }

  forEach(callback: (value: Entry, name: string, form: FormData) => void, self?: unknown): void {
    for (const [name, value] of this) Reflect.apply(callback, self, [value, name, this]);
  }

  *entries(): Generator<[string, Entry]> {
    for (const [name, entry] of this.#entries) yield [name, entry];
  }

  *keys(): Generator<string> {
    for (const [name] of this.#entries) yield name;
  }

  *values(): Generator<Entry> {
    for (const [, entry] of this.#entries) yield entry;
  }

  [Symbol.iterator](): Generator<[string, Entry]> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "FormData";
  }
}
showAs(
  FormData,
  "FormData",
  (form) => {
    const shown: Record<string, unknown> = {};
    for (const name of new Set(form.keys())) {
      const all = form.getAll(name);
      shown[name] = all.length > 1 ? all : all[0];
    }
    return shown;
  },
  true,
);

function entryOf(value: unknown, filename: unknown): Entry {
  if (!(value instanceof Blob)) return String(value).toWellFormed();
  if (value instanceof File && filename === undefined) return value;
  return new File([value], filename ?? "blob", { type: value.type });
}

const quoted = (text: string): string =>
  text.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");

/** The form as `multipart/form-data` (HTML standard, "multipart/form-data encoding algorithm"). */
export function multipart(form: FormData): { readonly bytes: Uint8Array; readonly type: string } {
  const boundary = `----formdata-cell-0${String(Math.trunc(performance.now() * 1e6))
    .padStart(12, "0")
    .slice(-12)}`;
  const encoder = new TextEncoder();
  const chunks: Uint8Array[] = [];
  for (const [name, entry] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name.replaceAll(/\r?\n|\r/g, "\r\n"))}"`;
    if (typeof entry === "string") {
      chunks.push(encoder.encode(`${head}\r\n\r\n${entry.replaceAll(/\r?\n|\r/g, "\r\n")}\r\n`));
    } else {
      const type = entry.type === "" ? "application/octet-stream" : entry.type;
      chunks.push(
        encoder.encode(
          `${head}; filename="${quoted(entry.name)}"\r\nContent-Type: ${type}\r\n\r\n`,
        ),
        blobBytes(entry),
        encoder.encode("\r\n"),
      );
    }
  }
  chunks.push(encoder.encode(`--${boundary}--\r\n`));
  return { bytes: joined(chunks), type: `multipart/form-data; boundary=${boundary}` };
}
