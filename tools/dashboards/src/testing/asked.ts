import { childTexts, nodes, parseLogql, textOf } from "./syntax.ts";

/** What a query asks a store of records for, in no store's language: attributes by their own names. */
export interface AskedFor {
  /** Attribute → the variable that it follows, or the value that it is. */
  readonly where: Readonly<Record<string, string>>;
  /** The fields that are shown; undefined is all of them. */
  readonly shown: readonly string[] | undefined;
  /** What is added up in each step, and by what. */
  readonly summed?: { readonly field: string; readonly by: readonly string[] };
}

/** By the language's own grammar. */
export function askedOfLogql(expr: string, named: ReadonlyMap<string, string>): AskedFor {
  const parsed = parseLogql(expr);
  if (parsed.errors.length > 0) throw new Error(parsed.errors.join());
  const name = (label: string) => nameOf(label, named);
  const where: Record<string, string> = {};
  for (const matcher of [...nodes(parsed, "Matcher"), ...nodes(parsed, "LabelFilter")]) {
    const text = textOf(parsed, matcher);
    const [, label = "", operator = "", value = ""] = /^(\w+)(=~|=)"(.*)"$/.exec(text) ?? [];
    if (label === "") throw new Error(`${text} is not a matcher that is known here`);
    where[name(label)] = operator === "=~" ? value : `"${value}"`;
  }
  const [keep] = nodes(parsed, "KeepLabelsExpr");
  const [grouping] = nodes(parsed, "Grouping");
  const [unwrapped] = nodes(parsed, "UnwrapExpr");
  return {
    where,
    shown:
      keep === undefined
        ? undefined
        : identifiers(textOf(parsed, keep).replace(/^\W*keep/, "")).map(name),
    ...(unwrapped === undefined || grouping === undefined
      ? {}
      : {
          summed: {
            field: name(childTexts(parsed, unwrapped, "Identifier")[0] ?? ""),
            by: identifiers(textOf(parsed, grouping).replace(/^by/, "")).map(name),
          },
        }),
  };
}

/** Parsed by hand, since JavaScript has no grammar of LogsQL: a form that our queries do not use is an error. */
export function askedOfLogsql(expr: string): AskedFor {
  const [filter = "", ...pipes] = expr.split(" | ");
  const where: Record<string, string> = {};
  for (const each of filter.split(" ")) {
    const [, name = "", variable, value] = /^([\w.]+):(?:in\((\$\w+)\)|=(".*"))$/.exec(each) ?? [];
    if (name === "") throw new Error(`${each} is not a filter that is known here`);
    where[name] = variable ?? value ?? "";
  }
  let shown: string[] | undefined;
  let summed: AskedFor["summed"];
  for (const pipe of pipes) {
    const [, kept] = /^uniq by \((.+)\)$/.exec(pipe) ?? [];
    const [, by, field] = /^stats by \((.+)\) sum\(([\w.]+)\) as denials$/.exec(pipe) ?? [];
    if (kept !== undefined) shown = identifiers(kept).filter((name) => name !== "_time");
    else if (by !== undefined && field !== undefined) summed = { field, by: identifiers(by) };
    else if (!KNOWN_PIPES.some((known) => known.test(pipe)))
      throw new Error(`${pipe} is not a pipe that is known here`);
  }
  return { where, shown, ...(summed === undefined ? {} : { summed }) };
}

/** What does not change what is asked for: the order, names for a reader, and that each denial counts once. */
const KNOWN_PIPES = [
  /^sort by \(_time desc\)(?: limit \d+)?$/,
  /^format "<lc:severity_text>" as level$/,
  /^format "Policy loaded: [^"]*" as _msg$/,
  /^stats by \([\w., ]+, pyisolate\.denial\.id\) max\(pyisolate\.denial\.count\) as pyisolate\.denial\.count$/,
];

function identifiers(text: string): string[] {
  return [...text.matchAll(/[\w.]+/g)].map(([name]) => name);
}

function nameOf(label: string, named: ReadonlyMap<string, string>): string {
  const name = named.get(label);
  if (name === undefined) throw new Error(`${label} is not an attribute's name in Loki`);
  return name;
}
