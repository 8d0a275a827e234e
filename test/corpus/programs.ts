import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A program as people write them, as `exec` takes it. */
export interface Program {
  /** The file that it stands in, which says what it uses. */
  readonly topic: string;
  readonly name: string;
  readonly source: string;
}

/** The programs of the folder's Markdown files: each a heading and a block of code. */
export function programs(): Program[] {
  const folder = import.meta.dirname;
  const files = readdirSync(folder).filter((file) => file.endsWith(".md"));
  return files.toSorted().flatMap((file) => {
    const text = readFileSync(path.join(folder, file), "utf8");
    const blocks = [...text.matchAll(/^## (.+)\n\n```js\n([^]*?)^```$/gm)];
    return blocks.map(([, name = "", source = ""]) => ({
      topic: path.basename(file, ".md"),
      name,
      source,
    }));
  });
}

/** What a program did that can be seen. */
export interface Seen {
  /** The lines on the console, each after the name of its stream. */
  readonly lines: readonly string[];
  /** The value as `util.inspect` shows it, or the error. */
  readonly ending: string;
}
