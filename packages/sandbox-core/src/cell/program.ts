import { parse, type Node, type Program } from "acorn";
import { simple } from "acorn-walk";

/** The name that `import(…)` becomes: the isolate has no dynamic import of its own. */
const IMPORT = "__import__";

const options = { ecmaVersion: "latest", allowHashBang: true } as const;

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * A program that a person wrote, as a script that the isolate can run. A plain script stays as it is but for `import(…)`. A
 * source with `import`, `export` or top-level `await` becomes the body of an async function, whose value is the default
 * export, or else that of the last expression. What does not parse is returned unchanged: V8's SyntaxError says why.
 */
export function asScript(source: string): string {
  if (!/\b(?:import|export|await)\b/.test(source)) return source;
  const script = tryParse(source, "script");
  if (script !== undefined) return apply(source, dynamicImports(script));
  const module = tryParse(source, "module");
  if (module === undefined) return source;
  const edits = [...dynamicImports(module), ...moduleEdits(source, module)];
  // One line before the source, so that line numbers stay the guest's own.
  return `(async () => { "use strict"; let __default__; ${apply(source, edits)}\n;return __default__; })()`;
}

/** A supplied module's source with its `import(…)` made to work, and whether it is an ES module. */
export function asModule(source: string): { readonly code: string; readonly esm: boolean } {
  if (!/\b(?:import|export)\b/.test(source)) return { code: source, esm: false };
  const script = tryParse(source, "script");
  if (script !== undefined) return { code: apply(source, dynamicImports(script)), esm: false };
  const module = tryParse(source, "module");
  return module === undefined
    ? { code: source, esm: false }
    : { code: apply(source, dynamicImports(module)), esm: true };
}

function tryParse(source: string, sourceType: "script" | "module"): Program | undefined {
  try {
    return parse(source, { ...options, sourceType });
  } catch {
    return undefined;
  }
}

function dynamicImports(program: Program): Edit[] {
  const edits: Edit[] = [];
  simple(program, {
    ImportExpression: (node) => {
      edits.push({ start: node.start, end: node.start + "import".length, text: IMPORT });
    },
  });
  return edits;
}

function moduleEdits(source: string, program: Program): Edit[] {
  const edits: Edit[] = [];
  const cut = (node: Node, text: string): void => {
    // Newlines inside what is cut are kept, so that later lines keep their numbers.
    const lines = source.slice(node.start, node.end).replaceAll(/[^\n]/g, "");
    edits.push({ start: node.start, end: node.end, text: text + lines });
  };
  let hasDefault = false;
  for (const node of program.body) {
    switch (node.type) {
      case "ImportDeclaration": {
        const from = `await ${IMPORT}(${JSON.stringify(node.source.value)})`;
        const named: string[] = [];
        let whole = "";
        for (const specifier of node.specifiers) {
          if (specifier.type === "ImportNamespaceSpecifier") whole = specifier.local.name;
          else if (specifier.type === "ImportDefaultSpecifier") named.push(`default: ${specifier.local.name}`);
          else {
            const imported = specifier.imported;
            const key = imported.type === "Identifier" ? imported.name : JSON.stringify(imported.value);
            named.push(`${key}: ${specifier.local.name}`);
          }
        }
        const parts = [whole === "" ? "" : `const ${whole} = ${from};`, named.length === 0 ? "" : `const { ${named.join(", ")} } = ${whole === "" ? from : whole};`];
        cut(node, parts.join(" ").trim() || `${from};`);
        break;
      }
      case "ExportDefaultDeclaration": {
        hasDefault = true;
        const named = (node.declaration.type === "FunctionDeclaration" || node.declaration.type === "ClassDeclaration") && node.declaration.id;
        if (named) {
          edits.push({ start: node.start, end: node.declaration.start, text: "" });
          edits.push({ start: node.end, end: node.end, text: `; __default__ = ${named.name};` });
        } else {
          edits.push({ start: node.start, end: node.declaration.start, text: "__default__ = " });
        }
        break;
      }
      case "ExportNamedDeclaration":
        // Nobody can import from a program that is run: what it exports is only declared.
        if (node.declaration) edits.push({ start: node.start, end: node.declaration.start, text: "" });
        else cut(node, node.source ? `await ${IMPORT}(${JSON.stringify(node.source.value)});` : "");
        break;
      case "ExportAllDeclaration":
        cut(node, `await ${IMPORT}(${JSON.stringify(node.source.value)});`);
        break;
      default:
    }
  }
  const last = program.body.at(-1);
  if (!hasDefault && last?.type === "ExpressionStatement") {
    edits.push({ start: last.start, end: last.start, text: "__default__ = " });
  }
  return edits;
}

function apply(source: string, edits: readonly Edit[]): string {
  let out = source;
  // From the end, so that earlier positions stay true.
  for (const { start, end, text } of edits.toSorted((a, b) => b.start - a.start || b.end - a.end)) {
    out = out.slice(0, start) + text + out.slice(end);
  }
  return out;
}
