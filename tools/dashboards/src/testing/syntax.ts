import { parser as logqlParser } from "@grafana/lezer-logql";
import type { SyntaxNode, Tree } from "@lezer/common";
import { parser as promqlParser } from "@prometheus-io/lezer-promql";

/** A query of either language, with Grafana's variables replaced by what parses, and its tree. */
export interface Parsed {
  readonly text: string;
  readonly tree: Tree;
  /** Where it does not parse. */
  readonly errors: readonly string[];
}

export const parsePromql = (expr: string) => parsed(expr, (text) => promqlParser.parse(text));
export const parseLogql = (expr: string) => parsed(expr, (text) => logqlParser.parse(text));

/** Every node of that name, outermost first. */
export function nodes({ tree }: Parsed, name: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  tree.iterate({
    enter: ({ name: each, node }) => {
      if (each === name) found.push(node);
    },
  });
  return found;
}

export function textOf({ text }: Parsed, node: SyntaxNode | null): string {
  return node === null ? "" : text.slice(node.from, node.to);
}

/** The same, of a node's children by name. */
export function childTexts(parsed: Parsed, node: SyntaxNode, ...names: string[]): string[] {
  return names.map((name) => textOf(parsed, node.getChild(name)));
}

// Strings keep their `$job`: that is a string like any other.
function parsed(expr: string, parse: (text: string) => Tree): Parsed {
  const text = expr
    .replaceAll("$__interval_ms", "60000")
    .replaceAll(/\$__(rate_interval|interval|range|auto)\b/g, "5m");
  const tree = parse(text);
  const errors: string[] = [];
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) errors.push(`${text.slice(0, from)}⚠${text.slice(from, from + 20)}`);
    },
  });
  return { text, tree, errors };
}
