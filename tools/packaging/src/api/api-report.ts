import { readFileSync } from "node:fs";
import path from "node:path";

import { type DeclarationFile, type Import, readDeclarationFile } from "./declaration-file.ts";

/** An entry of a package that programs import. */
export interface Entry {
  /** As a program imports it, such as `@pyisolate/telemetry/sdk`. */
  readonly specifier: string;
  /** Its declarations, absolute. */
  readonly types: string;
}

/**
 * The API of an entry as a text to compare and to review: each exported name with its declaration, then what these
 * declarations are made of and the entry does not export. What comments say, where a declaration stands and the names of files
 * have no part in it: a file that is renamed or documented changes no report.
 *
 * @throws Error where a name leads nowhere.
 */
export function apiReport({ specifier, types }: Entry): string {
  const api = new Api();
  const exported = api.exportsOf(types).toSorted(byText);
  const reached = api.reached().toSorted(byText);
  const packages = [...api.packages].toSorted(byText);
  return [
    `# The API of \`${specifier}\``,
    "Written by `pnpm api`. `pnpm check` fails where the compiler's declarations say something else.",
    ...section("Exported", exported),
    ...section("Not exported, and part of what is", reached),
    ...section("Taken from other packages", packages),
  ]
    .join("\n\n")
    .concat("\n");
}

function section(title: string, texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : [`## ${title}`, `\`\`\`ts\n${texts.join("\n")}\n\`\`\``];
}

function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/** A declaration's file and name. */
interface Place {
  readonly file: string;
  readonly name: string;
}

/** Follows names from file to file within a package. */
class Api {
  readonly packages = new Set<string>();
  readonly #files = new Map<string, DeclarationFile>();
  /** `file#name` of each declaration that has been met. */
  readonly #met = new Set<string>();
  /** Those that are not exported themselves. */
  readonly #waiting: Place[] = [];

  exportsOf(file: string): string[] {
    // All before the first is looked at: what one export mentions may be another one.
    const sources = [...this.#read(file).exports.keys()].map((as) => {
      const found = this.#locate(file, as);
      if (typeof found !== "string") this.#met.add(`${found.file}#${found.name}`);
      return { as, found };
    });
    return sources.flatMap(({ as, found }) => {
      if (typeof found === "string") return [`export ${found}`];
      const note = as === found.name ? "" : `// exported as ${as}\n`;
      return this.#declared(found.file, found.name).map((text) => `${note}export ${text}`);
    });
  }

  /** What was met besides the exports, and what that is made of. */
  reached(): string[] {
    const texts: string[] = [];
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop())
      texts.push(...this.#declared(next.file, next.name));
    return texts;
  }

  #declared(file: string, name: string): string[] {
    const { declarations } = this.#read(file);
    const found = declarations.get(name);
    if (found === undefined) throw new Error(`${file} declares no ${name}`);
    return found.map(({ text, mentions, inline }) => {
      for (const mention of mentions) this.#meet(file, mention);
      for (const source of inline) this.#meetImport(file, source);
      return text.replace(/^declare /, "");
    });
  }

  #meet(file: string, name: string): void {
    const { declarations, imports } = this.#read(file);
    const source = imports.get(name);
    if (source !== undefined) this.#meetImport(file, source);
    else if (declarations.has(name)) this.#queue(file, name);
    // Else a type parameter, or a name of the language.
  }

  #meetImport(file: string, source: Import): void {
    const found = this.#follow(file, source);
    if (typeof found === "string") this.packages.add(found);
    else this.#queue(found.file, found.name);
  }

  #queue(file: string, name: string): void {
    const key = `${file}#${name}`;
    if (this.#met.has(key)) return;
    this.#met.add(key);
    this.#waiting.push({ file, name });
  }

  /** Where the name that a file exports is declared. */
  #locate(file: string, exported: string): Place | string {
    const { exports, imports } = this.#read(file);
    const source = exports.get(exported);
    if (source === undefined) throw new Error(`${file} exports no ${exported}`);
    if (typeof source !== "string") return this.#follow(file, source);
    const imported = imports.get(source);
    return imported === undefined ? { file, name: source } : this.#follow(file, imported);
  }

  /** Where an imported name is declared; as text where another package declares it. */
  #follow(file: string, { from, name }: Import): Place | string {
    if (!from.startsWith(".")) return `{ ${name} } from "${from}"`;
    const next = path.resolve(path.dirname(file), from.replace(/\.[cm]?[jt]s$/, ".d.ts"));
    return this.#locate(next, name);
  }

  #read(file: string): DeclarationFile {
    let read = this.#files.get(file);
    if (read === undefined) {
      read = readDeclarationFile(file, readFileSync(file, "utf8"));
      this.#files.set(file, read);
    }
    return read;
  }
}
