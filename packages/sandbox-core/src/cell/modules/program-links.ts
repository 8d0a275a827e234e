import type { ImportDeclaration, Program } from "acorn";

import { nameOf } from "../../modules/parse-source.ts";
import { references } from "../../modules/references.ts";
import type { Edits } from "../../modules/source-edits.ts";

/** What a program's statements say about other modules. */
export class ProgramLinks {
  /** The specifier of each import, the names that its module must export, and where it stands. */
  readonly #wanted: [specifier: string, names: string[], place: string][] = [];
  /** By local name: the expression that reads the export now. */
  readonly #imported = new Map<string, string>();
  readonly #statements: string[] = [];
  readonly #hidden: string;
  readonly #source: string;
  /** The line that has been counted to, from 1, and where it begins. */
  #line = 1;
  #lineStart = 0;

  /** @param hidden The start of names that do not occur in the program. */
  constructor(hidden: string, source: string) {
    this.#hidden = hidden;
    this.#source = source;
  }

  /** The line and column of a statement. Statements come in their order, so each line is counted once. */
  #placeOf(start: number): string {
    for (;;) {
      const end = this.#source.indexOf("\n", this.#lineStart);
      if (end === -1 || end >= start) return `${this.#line}:${start - this.#lineStart + 1}`;
      this.#line += 1;
      this.#lineStart = end + 1;
    }
  }

  /** Adds what a statement imports. Returns the expression for the module's namespace. */
  need(specifier: unknown, names: string[], start: number): string {
    const index = this.#wanted.push([String(specifier), names, this.#placeOf(start)]) - 1;
    const namespace = `${this.#hidden}${index}`;
    this.#statements.push(`const ${namespace} = ${this.#hidden}all[${index}];`);
    return namespace;
  }

  /**
   * Each name becomes a constant, so that a program cannot write to it and `eval` finds it. What the program's text reads is the
   * export itself.
   */
  import(statement: ImportDeclaration): void {
    const { source, specifiers } = statement;
    const names: string[] = [];
    const namespace = this.need(source.value, names, statement.start);
    for (const specifier of specifiers) {
      const local = specifier.local.name;
      let read = namespace;
      if (specifier.type !== "ImportNamespaceSpecifier") {
        const name =
          specifier.type === "ImportDefaultSpecifier" ? "default" : nameOf(specifier.imported);
        names.push(name);
        read = readOf(namespace, name);
        this.#imported.set(local, read);
      }
      this.#statements.push(`const ${local} = ${read};`);
    }
  }

  /** The expression that reads what the program calls by this name. */
  read(local: string): string {
    return this.#imported.get(local) ?? local;
  }

  /** Makes the program read the exports where it reads a constant of {@link import}, so that bindings are live. */
  readLive(program: Program, edits: Edits): void {
    if (this.#imported.size === 0) return;
    const readers = new Map<string, string>();
    for (const { name, start, end, as } of references(program, new Set(this.#imported.keys()))) {
      const read = this.read(name);
      if (as !== "called") {
        edits.replace(start, end, as === "property" ? `${name}: ${read}` : read);
        continue;
      }
      // `namespace.f()` would give the function the namespace as `this`.
      let reader = readers.get(name);
      if (reader === undefined) {
        reader = `${this.#hidden}read${readers.size}`;
        readers.set(name, reader);
        this.#statements.push(`const ${reader} = () => ${read};`);
      }
      edits.replace(start, end, `${reader}()`);
    }
  }

  /** The statements that stand before the program. */
  head(): string {
    if (this.#wanted.length === 0) return "";
    const linked = `await ${this.#hidden}link(${JSON.stringify(this.#wanted)})`;
    return `const ${this.#hidden}all = ${linked}; ${this.#statements.join(" ")}`;
  }
}

export function readOf(namespace: string, name: string): string {
  return `${namespace}[${JSON.stringify(name)}]`;
}
