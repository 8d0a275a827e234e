import { createRequire } from "node:module";

import type { Node, Program } from "acorn";

import type { Edit } from "./edits.ts";

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
const acorn = (): typeof import("acorn") =>
  require(isBundled ? "./acorn.cjs" : "acorn") as typeof import("acorn");
export const acornWalk = (): typeof import("acorn-walk") =>
  require(isBundled ? "./acorn-walk.cjs" : "acorn-walk") as typeof import("acorn-walk");

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
  try {
    const program = acorn().parse(source, {
      ecmaVersion: "latest",
      allowHashBang: true,
      preserveParens: true,
      allowReturnOutsideFunction: sourceType === "script",
      sourceType,
    });
    const imports: Edit[] = [];
    acornWalk().simple(program, {
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
