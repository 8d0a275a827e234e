import { parseSync } from "oxc-parser";

/** A name as another module exports it. */
export interface Import {
  /** As it is written: relative, or a package's entry. */
  readonly from: string;
  readonly name: string;
}

/** One declaration as the compiler wrote it, without comments. */
export interface Declaration {
  readonly text: string;
  /** Names of its own file that its types are made of; other names of other scopes among them mean nothing. */
  readonly mentions: ReadonlySet<string>;
  /** What its types take by `import("…").Name`. */
  readonly inline: readonly Import[];
}

/** What the compiler wrote about one module (`.d.ts`), as far as an API is concerned. */
export interface DeclarationFile {
  /** Exported name → the name in the file, or where it comes from. */
  readonly exports: ReadonlyMap<string, string | Import>;
  readonly imports: ReadonlyMap<string, Import>;
  /** More than one of a name: overloads, or a value and a type. */
  readonly declarations: ReadonlyMap<string, readonly Declaration[]>;
}

/** A node of the syntax tree (ESTree with TypeScript's nodes). */
type Node = Readonly<Record<string, unknown>> & {
  readonly type: string;
  readonly start: number;
  readonly end: number;
};
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Node type → its field that names a declaration. What else names one is a computed key. */
const NAMING: Readonly<Record<string, string>> = {
  TSTypeReference: "typeName",
  TSTypeQuery: "exprName",
  TSInterfaceHeritage: "expression",
  TSClassImplements: "expression",
  ClassDeclaration: "superClass",
};

/** @throws Error for a syntax error, and for `export *` and `export default`, which no entry here has. */
export function readDeclarationFile(file: string, text: string): DeclarationFile {
  const { program, comments, errors } = parseSync(file, text, { lang: "dts" });
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file}: ${error.message}`);
  const exports = new Map<string, string | Import>();
  const imports = new Map<string, Import>();
  const declarations = new Map<string, Declaration[]>();
  const declare = (node: Node, isExported: boolean): void => {
    for (const name of namesOf(node)) {
      const declaration = { text: withoutComments(text, node, comments), ...mentionsOf(node) };
      declarations.set(name, [...(declarations.get(name) ?? []), declaration]);
      if (isExported) exports.set(name, name);
    }
  };
  for (const node of program.body as unknown as Node[]) {
    const source = node["source"] as { readonly value: string } | null | undefined;
    const specifiers = (node["specifiers"] ?? []) as Node[];
    switch (node.type) {
      case "ImportDeclaration":
        for (const specifier of specifiers) {
          const name = "imported" in specifier ? nameOf(specifier["imported"]) : "*";
          imports.set(nameOf(specifier["local"]), { from: source?.value ?? "", name });
        }
        break;
      case "ExportNamedDeclaration":
        if (node["declaration"] !== null) declare(node["declaration"] as Node, true);
        for (const specifier of specifiers) {
          const name = nameOf(specifier["local"]);
          const from = source?.value;
          exports.set(nameOf(specifier["exported"]), from === undefined ? name : { from, name });
        }
        break;
      case "ExportAllDeclaration":
      case "ExportDefaultDeclaration":
        throw new Error(`${file}: an API names what it exports; this is ${node.type}`);
      default:
        declare(node, false);
    }
  }
  return { exports, imports, declarations };
}

function namesOf(node: Node): string[] {
  if (node.type === "VariableDeclaration")
    return (node["declarations"] as Node[]).map(({ id }) => nameOf(id));
  return node["id"] === undefined || node["id"] === null ? [] : [nameOf(node["id"])];
}

/** Of an identifier; of `A.B`, that of `A`. */
function nameOf(node: unknown): string {
  const { name, left, object, value } = node as Readonly<Record<string, unknown>>;
  if (typeof name === "string") return name;
  if (typeof value === "string") return value;
  const first = left ?? object;
  return typeof first === "object" && first !== null ? nameOf(first) : "";
}

function mentionsOf(root: Node): Pick<Declaration, "mentions" | "inline"> {
  const mentions = new Set<string>();
  const inline: Import[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const each of value) visit(each);
    if (typeof value !== "object" || value === null || !("type" in value)) return;
    const node = value as Node;
    const named = node[NAMING[node.type] ?? ""];
    if (named !== undefined && named !== null) mentions.add(nameOf(named));
    if (node["computed"] === true) mentions.add(nameOf(node["key"]));
    if (node.type === "TSImportType")
      inline.push({ from: nameOf(node["source"]), name: nameOf(node["qualifier"]) });
    for (const field of Object.values(node)) visit(field);
  };
  visit(root);
  return { mentions, inline };
}

function withoutComments(text: string, { start, end }: Span, comments: readonly Span[]): string {
  const within = comments.filter((comment) => comment.start >= start && comment.end <= end);
  const ends = [start, ...within.map((comment) => comment.end)];
  const starts = [...within.map((comment) => comment.start), end];
  return ends
    .map((from, index) => text.slice(from, starts[index]))
    .join("")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .join("\n");
}
