import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A program as people write them, as `exec` takes it. */
export interface Program {
  /** The file that it stands in, which says what it uses. */
  readonly topic: string;
  readonly name: string;
  readonly source: string;
  /** The modules that it is supplied with, by name. */
  readonly modules: Readonly<Record<string, string>>;
}

/** The programs of a folder's Markdown files: each a heading, a block of code for each module, named, and the program's own. */
export function programs(folder: string): Program[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".md"));
  return files.toSorted().flatMap((file) => {
    const text = readFileSync(path.join(folder, file), "utf8");
    const parts = text.split(/^## /m).slice(1);
    return parts.map((part) => {
      const blocks = [...part.matchAll(/^```js(?:on)?(?: (\S+))?\n([^]*?)^```$/gm)];
      const modules = blocks.flatMap(([, name, source = ""]) => (name ? [[name, source]] : []));
      const [main, second] = blocks.filter(([, name]) => name === undefined);
      const name = part.slice(0, part.indexOf("\n"));
      if (main === undefined || second !== undefined)
        throw new Error(`${file}: "${name}" must have one block without a name`);
      return {
        topic: path.basename(file, ".md"),
        name,
        source: main[2] ?? "",
        modules: Object.fromEntries(modules) as Record<string, string>,
      };
    });
  });
}

/** The modules of all programs. Each name is one program's, because a cell runs a module once. */
export function allModules(all: readonly Program[]): Record<string, string> {
  const modules: Record<string, string> = {};
  for (const program of all)
    for (const [name, source] of Object.entries(program.modules)) {
      if (name in modules) throw new Error(`two programs have a module ${name}`);
      modules[name] = source;
    }
  return modules;
}

/** What a program did that can be seen. */
export interface Seen {
  /** The lines on the console, each after the name of its stream. */
  readonly lines: readonly string[];
  /** The value as `util.inspect` shows it, or the error. */
  readonly ending: string;
}
