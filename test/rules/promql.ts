import { parser } from "@prometheus-io/lezer-promql";

/** What an expression names. */
export interface PromqlParts {
  /** Each selector's metric, with the labels that it matches and the values that are not patterns. */
  readonly selectors: readonly {
    readonly metric: string;
    readonly labels: readonly { readonly name: string; readonly value: string | undefined }[];
  }[];
  /** Labels in `by`, `without`, `on` and `ignoring`. */
  readonly grouping: readonly string[];
}

/**
 * Parses PromQL by its official grammar.
 *
 * @throws Error where it does not parse.
 */
export function parsePromql(expression: string): PromqlParts {
  const selectors: {
    metric: string;
    labels: { name: string; value: string | undefined }[];
  }[] = [];
  const grouping: string[] = [];
  parser.parse(expression).iterate({
    enter({ name, from, to, node }) {
      const text = expression.slice(from, to);
      if (node.type.isError) throw new Error(`This is not PromQL, at ${from}: ${expression}`);
      if (name === "VectorSelector") selectors.push({ metric: "", labels: [] });
      const selector = selectors.at(-1);
      if (name === "Identifier" && selector !== undefined) selector.metric = text;
      if (name === "UnquotedLabelMatcher") {
        const [, label = "", operator = "", value = ""] =
          /^(\w+)\s*([=!~]+)\s*"(.*)"$/s.exec(text) ?? [];
        selector?.labels.push({
          name: label,
          value: operator.endsWith("~") ? undefined : value,
        });
      }
      if (name === "LabelName" && node.parent?.name === "GroupingLabels") grouping.push(text);
    },
  });
  return { selectors, grouping };
}

/** The queries in an annotation's template, with a pattern in the place of each label's value. */
export function queriesIn(template: string): string[] {
  return [...template.matchAll(/printf "((?:[^"\\]|\\.)*)"[^|}]*\| query/g)].map(([, format]) =>
    (format ?? "").replaceAll("=%q", '=~".+"'),
  );
}
