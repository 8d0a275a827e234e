import type { ImportDeclaration } from "acorn";

import { Edits } from "./source-edits.ts";
import {
  freshName,
  IMPORT,
  nameOf,
  type Parsed,
  parseSource,
  withoutHashbang,
} from "./parse-source.ts";
import { isIllegalReturn, type SyntaxProblem, throwing } from "./syntax-problem.ts";

/**
 * Turns a program into a script that the isolate can run. A plain script is left as it is, except for `import(…)`. A source with
 * `import`, `export` or top-level `await` becomes the body of an async function, whose value is the default export, or else the
 * value of the last expression. Line numbers stay the same, and imports become constants. A source that does not parse is left
 * for V8 to refuse. If it was meant as a module, V8 would only complain about an `import` or `await` outside of a module, so it
 * becomes a program that throws the actual SyntaxError.
 *
 * @param problemIn Asks the engine what it refuses in a module; its words say more than the parser's.
 */
export function asScript(
  source: string,
  problemIn: (module: string) => SyntaxProblem | undefined = () => undefined,
): string {
  if (!/\b(?:import|export|await)\b/.test(source)) return source;
  const { script, module, mistake } = parseSource(source, true);
  if (script !== undefined) return new Edits(source, script.imports).apply();
  if (module !== undefined) return asyncFunction(withoutHashbang(source), module);
  if (mistake === undefined) return source;
  const refused = problemIn(source);
  return throwing(refused === undefined || isIllegalReturn(refused) ? mistake : refused);
}

function asyncFunction(source: string, { program, imports }: Parsed): string {
  const result = freshName(source, "__default__");
  const edits = new Edits(source, imports);
  const hoisted: string[] = [];
  let value = result;
  let hasDefault = false;

  for (const node of program.body) {
    switch (node.type) {
      case "ImportDeclaration":
        hoisted.push(...importStatements(node, `${result}${hoisted.length}`));
        edits.replace(node.start, node.end);
        break;
      case "ExportDefaultDeclaration": {
        const { declaration } = node;
        hasDefault = true;
        if (
          (declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration") &&
          declaration.id !== null
        ) {
          edits.replace(node.start, declaration.start);
          value = declaration.id.name;
        } else {
          edits.replace(node.start, declaration.start, `${result} = `);
          // An expression needs a semicolon after it, a declaration does not.
          edits.insert(node.end, ";");
        }
        break;
      }
      case "ExportNamedDeclaration": {
        const standard = node.specifiers.find(({ exported }) => nameOf(exported) === "default");
        edits.replace(node.start, node.declaration?.start ?? node.end);
        // No module can import from the program, so its exports are only declared, except for the default.
        if (node.source) {
          const from = imported(
            node.source.value,
            node.specifiers.map(({ local }) => nameOf(local)),
          );
          hoisted.push(
            standard === undefined
              ? `${from};`
              : `${result} = ${from}[${JSON.stringify(nameOf(standard.local))}];`,
          );
        } else if (standard !== undefined) value = nameOf(standard.local);
        hasDefault ||= standard !== undefined;
        break;
      }
      case "ExportAllDeclaration":
        hoisted.push(`${imported(node.source.value, [])};`);
        edits.replace(node.start, node.end);
        break;
      default:
    }
  }
  const last = program.body.findLast(({ type }) => !NO_VALUE.has(type));
  if (!hasDefault && last?.type === "ExpressionStatement") {
    edits.insert(last.start, `${result} = (`);
    edits.insert(last.expression.end, ")");
  }
  // Put all of this on one line before the source, so that the guest's line numbers stay the same.
  return `(async () => { "use strict"; let ${result}; ${hoisted.join(" ")} ${edits.apply()}\n;return ${value}; })()`;
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

/** The statements for an import: constants, placed before everything else. */
function importStatements(node: ImportDeclaration, namespace: string): string[] {
  const needed: string[] = [];
  const bound: string[] = [];
  for (const specifier of node.specifiers) {
    if (specifier.type === "ImportNamespaceSpecifier")
      bound.push(`const ${specifier.local.name} = ${namespace};`);
    else {
      const name =
        specifier.type === "ImportDefaultSpecifier" ? "default" : nameOf(specifier.imported);
      needed.push(name);
      bound.push(`const ${specifier.local.name} = ${namespace}[${JSON.stringify(name)}];`);
    }
  }
  const from = `${imported(node.source.value, needed)};`;
  return bound.length === 0 ? [from] : [`const ${namespace} = ${from}`, ...bound];
}

/** Wraps the namespace in a list: the namespace may have a `then`, which only a dynamic import may call. */
function imported(specifier: unknown, needed: readonly string[]): string {
  return `(await ${IMPORT}(${JSON.stringify(specifier)}, undefined, ${JSON.stringify(needed)}))[0]`;
}
