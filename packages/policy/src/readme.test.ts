import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import {
  CAPABILITIES,
  decide,
  DENIAL_REASONS,
  OPERATIONS,
  parsePolicy,
  type Request,
} from "./index.ts";
import { LIMIT_NAMES, LIMITS } from "./limits.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const blocks = [...readme.matchAll(/```(\w*)\n([^]*?)```/g)].map(([, language, text]) => ({
  language,
  text: text ?? "",
}));
const cells = readme
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test("the first program prints what stands below it", () => {
  const [program, output] = blocks;
  const policy = parsePolicy(/parsePolicy\(`([^`]*)`\)/.exec(program?.text ?? "")?.[1]);
  const asked = [...(program?.text ?? "").matchAll(/\["(\w+)", "([^"]+)"\]/g)].slice(-4);
  const printed = asked.map(([, operation, target]) =>
    JSON.stringify(decide(policy, { capability: "filesystem", operation, target } as Request)),
  );
  expect(`${printed.join("\n")}\n`).toBe(output?.text);
});

test("the policy with mistakes has the mistakes that stand below it", () => {
  expect(() => parsePolicy(blocks[2]?.text)).toThrow(blocks[3]?.text.trimEnd());
});

test("the tables have every capability with its operations, every reason and every limit", () => {
  for (const capability of CAPABILITIES) {
    const row = cells.find(([name]) => name === `\`${capability}\``);
    expect(row?.[1]).toBe(OPERATIONS[capability].map((operation) => `\`${operation}\``).join(" "));
  }
  for (const reason of DENIAL_REASONS)
    expect(cells.map(([name]) => name)).toContain(`\`${reason}\``);
  for (const name of LIMIT_NAMES) {
    const { default: usual, min, max } = LIMITS[name];
    expect(cells.find(([first]) => first === `\`${name}\``)?.slice(1, 4)).toEqual(
      [usual, min, max].map(String),
    );
  }
});

test("every pattern in the table of scopes is one", () => {
  let scope = "";
  const keys = { paths: "filesystem", hosts: "network", commands: "subprocess", modules: "import" };
  const start = cells.findIndex(([first, second]) => first === "scope" && second === "pattern");
  const rows = cells.slice(start + 2, start + 16);
  const seen = rows.flatMap(([name, patterns]) => {
    scope = name === "" ? scope : (name ?? "").replaceAll("`", "");
    const written = [...(patterns ?? "").matchAll(/`([^`]+)`/g)].map(([, pattern]) => pattern);
    const rule = {
      id: "a",
      effect: "allow",
      capability: keys[scope as keyof typeof keys],
      [scope]: written,
    };
    return parsePolicy({ version: 1, name: "x", rules: [rule] }).rules;
  });
  expect(seen).toHaveLength(14);
});
