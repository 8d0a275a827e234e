import { readFileSync } from "node:fs";

import { expect, test } from "vitest";
import { parse } from "yaml";

import {
  CAPABILITIES,
  decide,
  DENIAL_REASONS,
  denialEvent,
  diffPolicies,
  OPERATIONS,
  parsePolicy,
  type Policy,
  PolicyError,
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
  const at = blocks.findIndex(({ language }) => language === "yaml");
  expect(() => parsePolicy(blocks[at]?.text)).toThrow(blocks[at + 1]?.text.trimEnd());
});

test("the guard of one's own refuses as stands below it", () => {
  const [program, output] = blocks.slice(
    blocks.findIndex(({ text }) => text.includes("mustAllow(")),
  );
  const policy = parsePolicy(/parsePolicy\(`([^`]*)`\)/.exec(program?.text ?? "")?.[1]);
  const asked = [...(program?.text ?? "").matchAll(/mustAllow\("(\S+)", "(\w+)", "(\S+)"\);/g)];
  const printed = asked.flatMap(([, cell = "", operation = "", target = ""]) => {
    const request = { capability: "database", operation, target };
    const decision = decide(policy, request);
    if (decision.effect === "allow") return [];
    const { rule: policyRule, reason, nearestRule = null } = decision;
    return [
      String(new PolicyError(denialEvent({ cell, ...request, policyRule, reason, nearestRule }))),
    ];
  });
  expect(asked).toHaveLength(2);
  expect(`${printed.join("\n")}\n`).toBe(output?.text);
});

test("the comparison of two policies prints what stands below it", () => {
  const at = blocks.findIndex(({ text }) => text.includes("diffPolicies(before, after)"));
  const [rule, ...policies] = [
    ...(blocks[at]?.text ?? "").matchAll(/\{ id: .* \}(?=;)|\{ \.\.\.rule, (.*?) \}/g),
  ];
  const [before, after] = policies.map(([, scope]) => {
    const text = `{ version: 1, name: p, rules: [${rule?.[0].replace(/ \}$/, `, ${scope} }`)}] }`;
    return parsePolicy(text);
  });
  expect(`${JSON.stringify(diffPolicies(before as Policy, after as Policy))}\n`).toBe(
    blocks[at + 1]?.text,
  );
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
  const keys = {
    paths: "filesystem",
    hosts: "network",
    commands: "subprocess",
    modules: "import",
    targets: "database",
    tools: "tool",
  };
  const start = cells.findIndex(([first, second]) => first === "scope" && second === "pattern");
  const rows = cells.slice(start + 2, start + 24);
  const seen = rows.flatMap(([name, patterns]) => {
    scope = name === "" ? scope : (name ?? "").replaceAll("`", "");
    const written = [...(patterns ?? "").matchAll(/`([^`]+)`/g)].map(([, pattern = ""]) =>
      pattern.startsWith("{") ? (parse(pattern) as unknown) : pattern,
    );
    const rule = {
      id: "a",
      effect: "allow",
      capability: keys[scope as keyof typeof keys],
      [scope]: written,
    };
    const capabilities = { database: ["query"] };
    return parsePolicy({ version: 1, name: "x", capabilities, rules: [rule] }).rules;
  });
  expect(seen).toHaveLength(22);
});
