import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";

import type { Node, Program } from "acorn";

import type { Edit } from "./source-edits.ts";

/** The name that `import(…)` becomes: the isolate has no dynamic import of its own. */
export const IMPORT = "__import__";

export interface Parsed {
  readonly program: Program;
  /** What makes each `import(…)` work. */
  readonly imports: readonly Edit[];
}

/** A source text, read as a script and, where it is none, as a module. */
export interface ParsedSource {
  readonly script?: Parsed;
  readonly module?: Parsed;
  /** Why it is no module, where it was meant to be one: it was understood further than as a script. */
  readonly mistake?: string;
}

const require = createRequire(import.meta.url);

/** In the bundle each parser is a file beside it. */
const isBundled = import.meta.url.endsWith(".cjs");

// Loaded at first use: most programs need none of it, and it takes 2 MiB in every cell.
const acorn = (): typeof import("acorn") => load("acorn") as typeof import("acorn");
export const acornWalk = (): typeof import("acorn-walk") =>
  load("acorn-walk") as typeof import("acorn-walk");

const loaded = new Map<string, unknown>();

/** Not by `require` in the bundle: it looks for a package.json in the folders above, which a confined cell may not. */
function load(name: string): unknown {
  if (!isBundled) return require(name);
  let exports = loaded.get(name);
  if (exports === undefined) {
    const file = fileURLToPath(new URL(`./${name}.cjs`, import.meta.url));
    const module = { exports: {} };
    const run = compileFunction(readFileSync(file, "utf8"), ["module", "exports"], {
      filename: file,
    }) as (module: object, exports: object) => void;
    run(module, module.exports);
    exports = module.exports;
    loaded.set(name, exports);
  }
  return exports;
}

/** Never throws: what is nested too deeply to be read is neither. */
export function parseSource(source: string): ParsedSource {
  const script = tryParse(source, "script");
  if ("program" in script) return { script };
  const module = tryParse(source, "module");
  if ("program" in module) return { module };
  return module.at > script.at ? { mistake: module.message } : {};
}

interface Unparsed {
  readonly at: number;
  readonly message: string;
}

function tryParse(source: string, sourceType: "script" | "module"): Parsed | Unparsed {
  // Outside of what is caught: a parser that is gone is no mistake of the guest's.
  const { parse } = acorn();
  const { simple } = acornWalk();
  try {
    const program = parse(source, {
      ecmaVersion: "latest",
      allowHashBang: true,
      preserveParens: true,
      allowReturnOutsideFunction: sourceType === "script",
      sourceType,
    });
    const imports: Edit[] = [];
    simple(program, {
      ImportExpression: ({ start }) =>
        void imports.push({ start, end: start + "import".length, text: IMPORT }),
    });
    return { program, imports };
  } catch (error) {
    const { pos, message } = error as { pos?: unknown; message?: unknown };
    return { at: typeof pos === "number" ? pos : -1, message: String(message) };
  }
}

/** The first line of a Unix script as a comment: it is one only at the very start of a text. */
export function withoutHashbang(source: string): string {
  return source.startsWith("#!") ? `//${source.slice(2)}` : source;
}

/** A name in an import or export: an identifier, or a text. */
export function nameOf(
  node: Node & ({ type: "Identifier"; name: string } | { type: "Literal"; value?: unknown }),
): string {
  return node.type === "Identifier" ? node.name : String(node.value);
}

/** A name that the source does not hold. */
export function freshName(source: string, name: string): string {
  return source.includes(name) ? freshName(source, `${name}_`) : name;
}

/** A program that only says what is wrong with it. */
export function syntaxError(mistake: string): string {
  return `throw new SyntaxError(${JSON.stringify(mistake)});`;
}
