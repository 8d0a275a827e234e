import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { ATTRIBUTES, EVENTS, METRICS } from "./semconv.ts";

const SRC = import.meta.dirname;
const README = readFileSync(path.join(SRC, "../README.md"), "utf8");

test("names are lowercase words, dotted, with no name inside another's namespace on the same signal", () => {
  const names = Object.values(ATTRIBUTES).map(({ name }) => name);
  const all = [...names, ...Object.values(METRICS).map(({ name }) => name)];
  for (const name of all) expect(name).toMatch(/^[a-z]+(?:[._][a-z]+)*$/);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) {
    expect(names.filter((other) => other.startsWith(`${name}.`))).toEqual([]);
  }
});

test("no two attributes become one Prometheus label", () => {
  const labels = Object.values(ATTRIBUTES).map(({ name }) => name.replaceAll(".", "_"));
  expect(new Set(labels).size).toBe(labels.length);
});

test("every metric attribute is a closed set, or a name that the host or the policy gave", () => {
  const open = Object.values(METRICS)
    .flatMap(({ attributes }) => [...attributes])
    .filter(({ values }) => values === undefined)
    .map(({ name }) => name);
  expect(new Set(open)).toEqual(new Set([ATTRIBUTES.cell.name, ATTRIBUTES.policyRule.name]));
});

test("no name ends in _total, and units are annotations or in the name, so that both paths name them alike", () => {
  for (const { name, unit } of Object.values(METRICS)) {
    expect(name).not.toMatch(/total$/);
    expect(`${name} ${unit}`).toMatch(/\.bytes By$| \{[a-z]+\}$/);
  }
});

test("no other source file names an event, an attribute or an instrument", () => {
  const sources = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && file !== "semconv.ts",
  );
  expect(sources).toContain("recorder.ts");
  for (const file of sources) {
    const code = readFileSync(path.join(SRC, file), "utf8").replace(/^\s*(?:\/\/|\/?\*).*$/gm, "");
    expect(code, file).not.toMatch(/["'`](?:pyisolate|security_rule)[._]/);
  }
});

test("the README's reference is what this file says", () => {
  const reference = README.slice(
    README.indexOf("<!-- reference -->"),
    README.indexOf("<!-- /reference -->"),
  );
  const written = reference.split("\n").slice(1).join("\n");
  expect(unpadded(written)).toBe(unpadded(referenceText()));
});

/** Markdown without the formatter's alignment of tables. */
function unpadded(markdown: string): string {
  return markdown
    .replace(/-{3,}/g, "---")
    .replace(/ *\| */g, "|")
    .trim();
}

/** The reference as Markdown: what the README must hold, word for word. */
function referenceText(): string {
  const lines: string[] = [];
  for (const event of Object.values(EVENTS)) {
    lines.push(`**Event \`${event.name}\`**: ${event.meaning}. Severity ${event.severity}.`, "");
    lines.push("| attribute | meaning | values |", "|---|---|---|");
    for (const attribute of event.attributes) lines.push(attributeRow(attribute, ""));
    for (const attribute of event.optional) lines.push(attributeRow(attribute, ", if any"));
    lines.push("");
  }
  lines.push("| instrument | unit | in Prometheus | labels | counts |", "|---|---|---|---|---|");
  for (const { kind, name, unit, attributes, description } of Object.values(METRICS)) {
    const exposed = `${name.replaceAll(".", "_")}${kind === "counter" ? "_total" : ""}`;
    const labels = attributes.map((attribute) => code(attribute.name.replaceAll(".", "_")));
    const cells = [code(name), code(unit), code(exposed), labels.join(", "), description];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  lines.push("", "| label | meaning | values |", "|---|---|---|");
  const labels = new Set(Object.values(METRICS).flatMap(({ attributes }) => [...attributes]));
  for (const attribute of labels) {
    lines.push(attributeRow({ ...attribute, name: attribute.name.replaceAll(".", "_") }, ""));
  }
  return lines.join("\n");
}

function attributeRow(
  attribute: {
    readonly name: string;
    readonly meaning: string;
    readonly values: readonly (string | boolean)[] | undefined;
  },
  note: string,
): string {
  const values = attribute.values?.map((value) => code(String(value))).join(", ") ?? "";
  return `| ${code(attribute.name)}${note} | ${attribute.meaning} | ${values} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
