import type {
  Declaration,
  Identifier,
  ImportDeclaration,
  Node,
  ParenthesizedExpression,
  Program,
} from "acorn";

import type { SuppliedModule } from "../frames.ts";
import { Edits } from "./source-edits.ts";
import {
  acornWalk,
  freshName,
  nameOf,
  nameOfDefault,
  type Parsed,
  parseModule,
  parseSource,
  withoutHashbang,
} from "./parse-source.ts";
import { problemOfBody } from "./problem-of-body.ts";
import { variableNames } from "./references.ts";
import { type SyntaxProblem, throwing } from "./syntax-problem.ts";

/**
 * Turns an ES module into an object that the guest runtime links and runs. isolated-vm's own modules lose the error that a module
 * throws, and cannot wait for top-level `await`. The body is a generator, so that functions exist, and can be imported in a
 * cycle, before the module runs. Imports are read through a `with`, so that bindings are live. Line numbers stay the same.
 */
export function asModule(source: string): SuppliedModule {
  const plain = withoutHashbang(source);
  const problem = problemOfBody(plain);
  if (!/\b(?:import|export|await)\b/.test(plain) || isCommonJs(plain))
    return commonJs(plain, problem);
  const { script, module, mistake } =
    problem === undefined ? parseSource(plain) : parseModule(plain);
  if (module !== undefined) return { kind: "m", code: planted(plain, module) };
  if (script !== undefined) return commonJs(new Edits(plain, script.imports).apply(), undefined);
  return commonJs(plain, mistake ?? problem);
}

const commonJs = (code: string, problem: SyntaxProblem | undefined): SuppliedModule => ({
  kind: "c",
  code: problem === undefined ? code : throwing(problem),
});

/** Whether there is no `import(…)` in a CommonJS text that needs an edit. */
function isCommonJs(source: string): boolean {
  // Code may not have the sign that stands for `import` here, but comments, texts and patterns may: if the text still compiles, none of
  // them is code. `a.import(…)` is the call of a method.
  const marked = source.replaceAll(/(?<![A-Za-z_$)\]}?]\.)\bimport(?=\s*[(/])/g, "\u0001");
  return problemOfBody(marked) === undefined;
}

/** What a module's statements say about other modules. */
class Links {
  readonly needs: string[] = [];
  /** By local name: the expression that reads it. */
  readonly imported = new Map<string, string>();
  /** By exported name: the expression that reads it. */
  readonly exported = new Map<string, string>();
  readonly stars: number[] = [];
  /** What a needed module must export: the module's index, and the name. */
  readonly checks: [number, string][] = [];
  readonly #modules: string;

  constructor(modules: string) {
    this.#modules = modules;
  }

  need(specifier: unknown): number {
    const known = this.needs.indexOf(String(specifier));
    return known === -1 ? this.needs.push(String(specifier)) - 1 : known;
  }

  namespace(index: number): string {
    return `${this.#modules}[${index}].namespace`;
  }

  read(index: number, name: string): string {
    this.checks.push([index, name]);
    return `${this.namespace(index)}[${JSON.stringify(name)}]`;
  }
}

function planted(source: string, { program, imports, metas }: Parsed): string {
  const hidden = freshName(source, "__module__");
  const standard = `${hidden}default`;
  const links = new Links(hidden);
  const edits = new Edits(source, imports);
  const meta = `${hidden}meta`;
  for (const { start, end } of metas) edits.replace(start, end, meta);
  for (const node of program.body) {
    switch (node.type) {
      case "ImportDeclaration":
        readImport(node, links);
        edits.replace(node.start, node.end);
        break;
      case "ExportDefaultDeclaration": {
        const { declaration } = node;
        const name = nameOfDefault(node);
        if (name !== undefined) {
          edits.replace(node.start, declaration.start);
          links.exported.set("default", name);
        } else {
          // A default export without a name of its own is named "default".
          edits.replace(node.start, declaration.start, `${standard} = { default: `);
          edits.insert(declaration.end, " }.default;");
          links.exported.set("default", standard);
        }
        break;
      }
      case "ExportNamedDeclaration": {
        edits.replace(node.start, node.declaration?.start ?? node.end);
        if (node.declaration)
          for (const name of declaredNames(node.declaration)) links.exported.set(name, name);
        const index = node.source ? links.need(node.source.value) : -1;
        for (const { local, exported } of node.specifiers) {
          links.exported.set(
            nameOf(exported),
            index === -1 ? nameOf(local) : links.read(index, nameOf(local)),
          );
        }
        break;
      }
      case "ExportAllDeclaration": {
        const index = links.need(node.source.value);
        if (node.exported) links.exported.set(nameOf(node.exported), links.namespace(index));
        else links.stars.push(index);
        edits.replace(node.start, node.end);
        break;
      }
      default:
    }
  }
  keepCallsBare(program, links, edits);
  const keyword = hasTopLevelAwait(program) ? "async function*" : "function*";
  const getters = [...links.exported]
    .map(([name, read]) => `[${JSON.stringify(name)}]: () => ${read}`)
    .join(", ");
  const scope = [...links.imported]
    .map(([name, read]) => `get ${name}() { return ${read}; }`)
    .join(", ");
  const expose = `${hidden}expose`;
  const body = `${keyword} () { "use strict"; let ${standard}; ${expose}({ __proto__: null, ${getters} }); yield; ${edits.apply()}\n}`;
  return (
    `{ isAsync: ${keyword.startsWith("async")}, needs: ${JSON.stringify(links.needs)}, stars: ${JSON.stringify(links.stars)}, checks: ${JSON.stringify(links.checks)}, ` +
    // Leave the `with` out if there are no imports, because it makes every free name slow.
    // Without the parentheses, V8 would parse the whole text twice.
    `body: ((${hidden}, ${expose}, ${meta}) => { ${links.imported.size === 0 ? "" : `with ({ __proto__: null, ${scope} })`} return (${body})(); }) }`
  );
}

function readImport(node: ImportDeclaration, links: Links): void {
  const index = links.need(node.source.value);
  for (const specifier of node.specifiers) {
    if (specifier.type === "ImportNamespaceSpecifier")
      links.imported.set(specifier.local.name, links.namespace(index));
    else
      links.imported.set(
        specifier.local.name,
        links.read(
          index,
          specifier.type === "ImportDefaultSpecifier" ? "default" : nameOf(specifier.imported),
        ),
      );
  }
}

/** The names that an exported declaration declares. */
export function declaredNames(declaration: Declaration): string[] {
  return declaration.type === "VariableDeclaration"
    ? variableNames(declaration)
    : [declaration.id.name];
}

/** Rewrites `f()` to `(0, f)()` for imported functions: through the `with`, `f()` would get the scope as `this`. */
function keepCallsBare(program: Program, { imported }: Links, edits: Edits): void {
  const { ancestor } = acornWalk();
  const bare = (called: Node, ancestors: readonly Node[]): void => {
    let callee = called;
    while (callee.type === "ParenthesizedExpression")
      callee = (callee as ParenthesizedExpression).expression;
    if (callee.type !== "Identifier" || !imported.has((callee as Identifier).name)) return;
    // At the start of a statement, the parenthesis could be parsed as a call of the line before, so put a semicolon there.
    const statement = ancestors.findLast(({ type }) => type === "ExpressionStatement");
    const list = statement === undefined ? undefined : ancestors[ancestors.indexOf(statement) - 1];
    const isFirst = statement?.start === callee.start && list !== undefined && LISTS.has(list.type);
    edits.insert(callee.start, isFirst ? ";(0, " : "(0, ");
    edits.insert(callee.end, ")");
  };
  ancestor(program, {
    CallExpression: ({ callee }, _state, ancestors) => bare(callee, ancestors),
    TaggedTemplateExpression: ({ tag }, _state, ancestors) => bare(tag, ancestors),
  });
}

/** Nodes that hold a list of statements. */
const LISTS = new Set(["Program", "BlockStatement", "SwitchCase", "StaticBlock"]);

function hasTopLevelAwait(program: Program): boolean {
  const { base, simple } = acornWalk();
  let found = false;
  simple(
    program,
    {
      AwaitExpression: () => {
        found = true;
      },
      ForOfStatement: (node) => {
        found ||= node.await;
      },
    },
    { ...base, Function: () => undefined },
  );
  return found;
}
