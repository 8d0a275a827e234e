import { declaredNames } from "../../modules/es-module.ts";
import { Edits } from "../../modules/source-edits.ts";
import {
  freshName,
  nameOf,
  nameOfDefault,
  type Parsed,
  parseSource,
  withoutHashbang,
} from "../../modules/parse-source.ts";
import { ProgramLinks, readOf } from "./program-links.ts";
import { isIllegalReturn, type SyntaxProblem, throwing } from "../../modules/syntax-problem.ts";

/** A program in the form that the isolate runs. */
export interface Script {
  readonly text: string;
  /**
   * Whether the text is not the program itself but an async function, to be called with a function that takes the program's exports,
   * its `import.meta`, and one that resolves to the namespaces of the modules it imports.
   */
  readonly isModule: boolean;
}

/**
 * Turns a program into a script that the isolate can run. A plain script is left as it is, except for `import(…)`. A source with
 * `import`, `export` or top-level `await` becomes the body of an async function, whose value is the default export, or else the
 * value of the last expression. Line numbers stay the same. A source that does not parse is left
 * for V8 to refuse. If it was meant as a module, V8 would only complain about an `import` or `await` outside of a module, so it
 * becomes a program that throws the actual SyntaxError.
 *
 * @param problemIn Asks the engine what it refuses in a module; its words say more than the parser's.
 */
export function asScript(
  source: string,
  problemIn: (module: string) => SyntaxProblem | undefined = () => undefined,
): Script {
  if (!/\b(?:import|export|await)\b/.test(source)) return plain(source);
  const { script, module, mistake } = parseSource(source, true);
  if (script !== undefined) return plain(new Edits(source, script.imports).apply());
  if (module !== undefined)
    return { text: asyncFunction(withoutHashbang(source), module), isModule: true };
  if (mistake === undefined) return plain(source);
  const refused = problemIn(source);
  return plain(throwing(refused === undefined || isIllegalReturn(refused) ? mistake : refused));
}

const plain = (text: string): Script => ({ text, isModule: false });

function asyncFunction(source: string, { program, imports, metas }: Parsed): string {
  const result = freshName(source, "__default__");
  const edits = new Edits(source, imports);
  for (const { start, end } of metas) edits.replace(start, end, `${result}meta`);
  const links = new ProgramLinks(result, source);
  /** By exported name: the expression that reads it. */
  const exported = new Map<string, string>();
  /** The same for names that an `export { … }` gives. */
  const reexported: [name: string, read: () => string][] = [];
  /** Expressions for the namespaces of which all is exported. */
  const stars: string[] = [];

  for (const node of program.body) {
    switch (node.type) {
      case "ImportDeclaration":
        links.import(node);
        edits.replace(node.start, node.end);
        break;
      case "ExportDefaultDeclaration": {
        const { declaration } = node;
        const name = nameOfDefault(node);
        if (name !== undefined) {
          edits.replace(node.start, declaration.start);
          exported.set("default", name);
        } else {
          edits.replace(node.start, declaration.start, `${result} = `);
          // An expression needs a semicolon after it, a declaration does not.
          edits.insert(node.end, ";");
          exported.set("default", result);
        }
        break;
      }
      case "ExportNamedDeclaration": {
        edits.replace(node.start, node.declaration?.start ?? node.end);
        if (node.declaration)
          for (const name of declaredNames(node.declaration)) exported.set(name, name);
        const from = node.source
          ? links.need(
              node.source.value,
              node.specifiers.map(({ local }) => nameOf(local)),
              node.start,
            )
          : undefined;
        for (const { local, exported: name } of node.specifiers) {
          reexported.push([
            nameOf(name),
            () => (from === undefined ? links.read(nameOf(local)) : readOf(from, nameOf(local))),
          ]);
        }
        break;
      }
      case "ExportAllDeclaration": {
        const from = links.need(node.source.value, [], node.start);
        if (node.exported) exported.set(nameOf(node.exported), from);
        else stars.push(from);
        edits.replace(node.start, node.end);
        break;
      }
      default:
    }
  }
  // An import may stand below.
  for (const [name, read] of reexported) exported.set(name, read());
  links.readLive(program, edits);
  const value = exported.get("default");
  const last = program.body.findLast(({ type }) => !NO_VALUE.has(type));
  if (value === undefined && last?.type === "ExpressionStatement") {
    edits.insert(last.start, `${result} = (`);
    edits.insert(last.expression.end, ")");
  }
  // Put all of this on one line before the source, so that the guest's line numbers stay the same.
  const getters = [...exported]
    .map(([name, read]) => `[${JSON.stringify(name)}]: () => ${read}`)
    .join(", ");
  const expose =
    exported.size + stars.length === 0
      ? ""
      : `${result}expose({ __proto__: null, ${getters} }, [${stars.join(", ")}]); `;
  return `(async (${result}expose, ${result}meta, ${result}link) => { "use strict"; let ${result}; ${links.head()} ${edits.apply()}\n;${expose}return ${value ?? result}; })`;
}

/** Statements that leave a program's value as it is. */
const NO_VALUE = new Set([
  "EmptyStatement",
  "FunctionDeclaration",
  "ClassDeclaration",
  "VariableDeclaration",
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
]);
