import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { type Node, parse } from "acorn";
import { fullAncestor } from "acorn-walk";

import type { Package } from "./life.ts";

/** A place before a statement of the cell's code, where it can be cut off. */
export interface CutPoint {
  readonly id: number;
  readonly file: string;
  /** Names of the functions around it, outermost first. */
  readonly fn: string;
  readonly line: number;
  /** Planted in the guest's isolate; the others run in the cell's own. */
  readonly isGuest: boolean;
}

/** One cut: which point, at which of its hits, and what is thrown. */
export interface Cut {
  readonly point: number;
  /** Counted from the start of the process. */
  readonly hit: number;
  readonly thrown: keyof typeof THROWN;
  /** How many points that come next throw too, as they would at the end of the stack. */
  readonly burst: number;
}

/** Expressions of what is thrown. */
export const THROWN = {
  range: `new RangeError("Maximum call stack size exceeded")`,
  error: `new Error("cut")`,
  text: `"cut"`,
  nothing: `undefined`,
} as const;

/** A copy of the built package whose cell can be cut off before every statement; its host side is as it was. */
export class CutPackage implements Disposable {
  readonly points: readonly CutPoint[];
  readonly #root: string;
  /** What the cells read when they start. */
  readonly #told: string;

  /** @param told A file that cells may read: it says what is cut off. */
  constructor(told: string) {
    this.#told = told;
    // Below its own node_modules, so that it finds what it depends on.
    const cache = join(REAL, "node_modules", ".cache");
    mkdirSync(cache, { recursive: true });
    this.#root = mkdtempSync(join(cache, "cut-"));
    cpSync(join(REAL, "dist"), join(this.#root, "dist"), { recursive: true });
    cpSync(join(REAL, "package.json"), join(this.#root, "package.json"));
    this.points = instrumented().points;
    for (const [name, code] of instrumented().bundles)
      writeFileSync(join(this.#dist, "bundle", name), `${seam(told)}\n${code}`);
    this.set({});
  }

  get #dist(): string {
    return join(this.#root, "dist");
  }

  async load(): Promise<Package> {
    return (await import(pathToFileURL(join(this.#dist, "index.js")).href)) as Package;
  }

  /** For the cells that start from now on: a cut, a file that is told of every hit, or nothing. */
  set(told: { readonly cut?: Cut; readonly record?: string; readonly fired?: string }): void {
    writeFileSync(this.#told, JSON.stringify(told));
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

const REAL = fileURLToPath(new URL("../../packages/sandbox-core", import.meta.url));

/** The code of a cell with its cut points. */
interface Instrumented {
  readonly points: readonly CutPoint[];
  /** Name of a bundle → its code. */
  readonly bundles: ReadonlyMap<string, string>;
}

let made: Instrumented | undefined;

/**
 * The built bundles, each with a comment that says of which file a part was made. Parsed once for all copies: that takes as long
 * as three cells.
 */
function instrumented(): Instrumented {
  if (made !== undefined) return made;
  const points: CutPoint[] = [];
  const bundles = new Map<string, string>();
  for (const name of ["main.cjs", "command-thread.cjs"]) {
    const source = readFileSync(join(REAL, "dist/bundle", name), "utf8");
    bundles.set(name, withCuts(source, points));
  }
  made = { points, bundles };
  return made;
}

/** Puts the cut points into a source; each is added to the list. */
function withCuts(source: string, points: CutPoint[]): string {
  const program = parse(source, { ecmaVersion: "latest", sourceType: "script", locations: true });
  const edits: { readonly at: number; readonly text: string }[] = [];
  const parts = [...source.matchAll(/^\/\/ src\/(.*)\.ts$/gm)];
  const point = (node: Node, ancestors: readonly Node[]): string => {
    const id = points.length;
    const file = `${parts.findLast(({ index }) => index < node.start)?.[1] ?? "bundle"}.js`;
    const isGuest = file.startsWith("cell/guest/");
    points.push({ id, file, fn: nameOf(ancestors), line: node.loc?.start.line ?? 0, isGuest });
    return `globalThis.__cut?.(${id})`;
  };
  fullAncestor(program, (node, _state, ancestors) => {
    const inFunction = ancestors.some(({ type }) => isFunction(type));
    if (!inFunction) return;
    const fields = node as unknown as Readonly<Record<string, unknown>>;
    if (node.type === "BlockStatement" || node.type === "SwitchCase") {
      const body = (fields["body"] ?? fields["consequent"]) as readonly Node[];
      for (const statement of body) {
        if ("directive" in statement || statement.type === "FunctionDeclaration") continue;
        edits.push({ at: statement.start, text: `${point(statement, ancestors)}; ` });
      }
      const last = body.at(-1);
      // Once more when all is done: the caller has not gone on yet.
      if (last?.type === "ExpressionStatement")
        edits.push({ at: last.end, text: ` ${point(last, ancestors)};` });
    } else if (node.type === "ArrowFunctionExpression" && fields["expression"] === true) {
      const body = fields["body"] as Node;
      edits.push({ at: body.start, text: `(${point(body, ancestors)}, ` });
      edits.push({ at: body.end, text: ")" });
    }
    for (const key of ["consequent", "alternate", "body"]) {
      const part = fields[key] as Node | null | undefined;
      if (!BRANCHING.has(node.type) || !part || part.type === "BlockStatement") continue;
      edits.push({ at: part.start, text: `{ ${point(part, ancestors)}; ` });
      edits.push({ at: part.end, text: " }" });
    }
  });
  let out = "";
  let done = 0;
  // What stands at the same place was met from the inside out, and is written from the outside in.
  for (const { at, text } of edits.toReversed().toSorted((a, b) => a.at - b.at)) {
    out += source.slice(done, at) + text;
    done = at;
  }
  return out + source.slice(done);
}

const BRANCHING = new Set([
  "IfStatement",
  "ForStatement",
  "ForOfStatement",
  "ForInStatement",
  "WhileStatement",
]);

function isFunction(type: string): boolean {
  return type.endsWith("FunctionExpression") || type === "FunctionDeclaration";
}

/** What the functions around a node are called: by themselves, or by what they are assigned to. */
function nameOf(ancestors: readonly Node[]): string {
  const names = ancestors.map((node, index) => {
    const { id, key, type } = node as unknown as { id?: Named; key?: Named; type: string };
    const holder = ancestors[index - 1] as unknown as { id?: Named; key?: Named } | undefined;
    if (type.startsWith("Class"))
      return type === "ClassBody" ? undefined : (id ?? holder?.id)?.name;
    if (!isFunction(type)) return undefined;
    if (id?.name !== undefined) return id.name;
    return holder?.id?.name ?? holder?.key?.name ?? key?.name ?? "=>";
  });
  return names.filter((name) => name !== undefined).join(".");
}

interface Named {
  readonly name?: string;
}

/** What every process of a cell loads first. A cut happens once, whichever of its threads comes to it. */
const seam = (told: string): string => `{
const { openSync, readFileSync, writeFileSync, writeSync } = require("node:fs");
const { cut, record, fired } = JSON.parse(readFileSync(${JSON.stringify(told)}, "utf8"));
if (record !== undefined) {
  const fd = openSync(record, "a");
  globalThis.__cut = (n) => void writeSync(fd, n + "\\n");
} else if (cut !== undefined) {
  let left = cut.hit;
  let more = 0;
  const thrown = { ${Object.entries(THROWN)
    .map(([name, made]) => `${name}: () => ${made}`)
    .join(", ")} };
  globalThis.__cut = (n) => {
    if (more > 0) {
      more -= 1;
      throw thrown[cut.thrown]();
    }
    if (n !== cut.point || --left !== 0) return;
    writeFileSync(fired, "");
    more = cut.burst;
    throw thrown[cut.thrown]();
  };
}
}
`;

/** The same for what is planted in the guest's isolate: the guest's own first program. */
export function guestSeam(points: number, cut?: Cut): string {
  if (cut === undefined)
    return `var hits = new Uint32Array(${points}); globalThis.__cut = (n) => { hits[n] += 1; }; undefined`;
  return `{ let left = ${cut.hit}, more = 0; globalThis.__cut = (n) => {
    if (more > 0) { more--; throw ${THROWN[cut.thrown]}; }
    if (n !== ${cut.point} || --left !== 0) return;
    more = ${cut.burst}; globalThis.wasCut = true; throw ${THROWN[cut.thrown]}; }; } undefined`;
}
