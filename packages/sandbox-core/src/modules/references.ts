import type { Identifier, Node, Pattern, Program, VariableDeclaration } from "acorn";

import { acornWalk } from "./parse-source.ts";

/** A place where a text reads a name. */
export interface Reference {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** `value` reads it; `called` calls what it reads, by a call or as a template's tag; `property` is `{ name }`. */
  readonly as: "value" | "called" | "property";
}

/**
 * The places where a module's text reads one of these names, and none of its own declarations in between has that name. A place that
 * writes to it is left out, and so is one that a declaration might or might not stand in front of.
 */
export function references(program: Program, names: ReadonlySet<string>): Reference[] {
  const declared = declarations(program, names);
  const found: Reference[] = [];
  acornWalk().ancestor(program, {
    Identifier: ({ name, start, end }, _state, ancestors) => {
      if (!names.has(name)) return;
      if (declared.size > 0 && ancestors.some((scope) => declared.get(scope)?.has(name))) return;
      let at = ancestors.length - 2;
      while (ancestors[at]?.type === "ParenthesizedExpression") at -= 1;
      const around = ancestors[at] as AnyNode | undefined;
      const child = ancestors[at + 1];
      const isHead = around?.type === "ForInStatement" || around?.type === "ForOfStatement";
      if (around?.type === "UpdateExpression" || (isHead && around.left === child)) return;
      const isCalled =
        (around?.type === "CallExpression" && around.callee === child) ||
        (around?.type === "TaggedTemplateExpression" && around.tag === child);
      const isProperty = around?.type === "Property" && around.shorthand === true;
      found.push({ name, start, end, as: isCalled ? "called" : isProperty ? "property" : "value" });
    },
  });
  return found;
}

interface AnyNode extends Node {
  readonly callee?: Node;
  readonly left?: Node;
  readonly tag?: Node;
  readonly shorthand?: boolean;
}

type Declarations = Map<Node, Set<string>>;

/** By node: which of the names are declared somewhere in it, such that they may mean that declaration anywhere in it. */
function declarations(program: Program, names: ReadonlySet<string>): Declarations {
  const declared: Declarations = new Map();
  const declare = (scope: Node | undefined, found: readonly string[]): void => {
    for (const name of found) {
      if (scope === undefined || !names.has(name)) continue;
      const known = declared.get(scope);
      if (known === undefined) declared.set(scope, new Set([name]));
      else known.add(name);
    }
  };
  const blockOf = (ancestors: readonly Node[]): Node | undefined =>
    ancestors.findLast(({ type }, at) => at < ancestors.length - 1 && BLOCKS.has(type));
  acornWalk().ancestor(program, {
    VariableDeclaration: (node, _state, ancestors) => {
      const scope =
        node.kind === "var"
          ? ancestors.findLast(({ type }) => FUNCTIONS.has(type))
          : blockOf(ancestors);
      declare(scope, variableNames(node));
    },
    Function: (node, _state, ancestors) => {
      declare(node, node.params.flatMap(patternNames));
      const { id } = node as { readonly id?: Identifier | null };
      if (id) declare(node.type === "FunctionDeclaration" ? blockOf(ancestors) : node, [id.name]);
    },
    Class: (node, _state, ancestors) => {
      if (node.id)
        declare(node.type === "ClassDeclaration" ? blockOf(ancestors) : node, [node.id.name]);
    },
    CatchClause: (node) => {
      if (node.param) declare(node, patternNames(node.param));
    },
  });
  return declared;
}

const FUNCTIONS = new Set([
  "Program",
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "StaticBlock",
]);

const BLOCKS = new Set([
  ...FUNCTIONS,
  "BlockStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "SwitchStatement",
]);

/** The names that a declaration of variables declares. */
export function variableNames({ declarations }: VariableDeclaration): string[] {
  return declarations.flatMap(({ id }) => patternNames(id));
}

function patternNames(pattern: Pattern): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) =>
        patternNames(property.type === "Property" ? property.value : property),
      );
    case "ArrayPattern":
      return pattern.elements.flatMap((element) => (element === null ? [] : patternNames(element)));
    case "RestElement":
      return patternNames(pattern.argument);
    case "AssignmentPattern":
      return patternNames(pattern.left);
    default:
      return [];
  }
}
