import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";

import type { ExportDefaultDeclaration, Node, Program } from "acorn";

import type { Edit } from "./source-edits.ts";
import type { SyntaxProblem } from "./syntax-problem.ts";

/** The name that replaces `import` in `import(…)`: the isolate has no dynamic import. */
const IMPORT = "__import__";

export interface Parsed {
  readonly program: Program;
  /** The edits that make each `import(…)` work. */
  readonly imports: readonly Edit[];
  /** Where each `import.meta` stands. */
  readonly metas: readonly Pick<Node, "start" | "end">[];
}

/** A source text parsed as a script or, if that fails, as a module. */
export interface ParsedSource {
  readonly script?: Parsed;
  readonly module?: Parsed;
  /** The syntax error of a text that was meant as a module: one that parsed further as a module than as a script. */
  readonly mistake?: SyntaxProblem;
}

/** In the bundle, each parser is a file of its own next to the main file. */
const isBundled = import.meta.url.endsWith(".cjs");

// Load the parsers at first use: most programs need none, and they take 2 MiB in every cell.
const acorn = (): typeof import("acorn") => load("acorn") as typeof import("acorn");
export const acornWalk = (): typeof import("acorn-walk") =>
  load("acorn-walk") as typeof import("acorn-walk");

const loaded = new Map<string, unknown>();

/**
 * Loads a parser. In the bundle it does not use `require`, which looks for a package.json in the folders above, where a confined
 * cell may not read.
 */
function load(name: string): unknown {
  if (!isBundled) return createRequire(import.meta.url)(name);
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

/**
 * Never throws: a text nested too deeply for the parser has neither form.
 *
 * @param isProgram Whether it is a program, which may have a top-level `return` beside what makes it a module.
 */
export function parseSource(source: string, isProgram = false): ParsedSource {
  const script = tryParse(source, "script", true);
  // To a script, `await (…)` is the call of a function of that name.
  if ("program" in script && !(isProgram && callsAwait(script.program))) return { script };
  const module = tryParse(source, "module", isProgram);
  if ("program" in script && !("program" in module)) return { script };
  if ("program" in module) return { module };
  if ("program" in script || module.at <= script.at || module.mistake === undefined) return {};
  return { mistake: module.mistake };
}

/** Parses a text that is no script, as a module first: in a bundle, the one `export` that a script has not may be its last line. */
export function parseModule(source: string): ParsedSource {
  const module = tryParse(source, "module", false);
  return "program" in module ? { module } : parseSource(source);
}

function callsAwait(program: Program): boolean {
  let found = false;
  acornWalk().simple(program, {
    CallExpression: ({ callee }) => {
      found ||= callee.type === "Identifier" && callee.name === "await";
    },
  });
  return found;
}

interface Unparsed {
  readonly at: number;
  /** Left out if the parser failed otherwise. */
  readonly mistake?: SyntaxProblem;
}

/** What acorn throws. Its columns are counted from 0. */
interface AcornError {
  readonly pos: number;
  readonly loc: { readonly line: number; readonly column: number };
  readonly message: string;
}

function tryParse(
  source: string,
  sourceType: "script" | "module",
  allowReturnOutsideFunction: boolean,
): Parsed | Unparsed {
  // Load outside the `try`: a missing parser is not the guest's syntax error.
  const { parse } = acorn();
  const { simple } = acornWalk();
  try {
    const program = parse(source, {
      ecmaVersion: "latest",
      allowHashBang: true,
      preserveParens: true,
      allowReturnOutsideFunction,
      sourceType,
    });
    const imports: Edit[] = [];
    const metas: Node[] = [];
    simple(program, {
      ImportExpression: ({ start }) =>
        void imports.push({ start, end: start + "import".length, text: IMPORT }),
      MetaProperty: (node) => void (node.meta.name === "import" && metas.push(node)),
    });
    return { program, imports, metas };
  } catch (error) {
    const { pos, loc, message } = error as Partial<AcornError>;
    if (pos === undefined || loc === undefined || message === undefined) return { at: -1 };
    const mistake = {
      message: message.replace(/ \(\d+:\d+\)$/, ""),
      line: loc.line,
      column: loc.column + 1,
    };
    return { at: pos, mistake };
  }
}

/** Turns the hashbang line of a Unix script into a comment: JavaScript accepts it only at the very start of a text. */
export function withoutHashbang(source: string): string {
  return source.startsWith("#!") ? `//${source.slice(2)}` : source;
}

/** The name in an import or export: an identifier or a string. */
export function nameOf(
  node: Node & ({ type: "Identifier"; name: string } | { type: "Literal"; value?: unknown }),
): string {
  return node.type === "Identifier" ? node.name : String(node.value);
}

/** The name of a default export that declares one, such as `export default function f() {}`; undefined for any other. */
export function nameOfDefault({ declaration }: ExportDefaultDeclaration): string | undefined {
  return declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration"
    ? declaration.id?.name
    : undefined;
}

/** A name that does not occur in the source. */
export function freshName(source: string, name: string): string {
  return source.includes(name) ? freshName(source, `${name}_`) : name;
}
