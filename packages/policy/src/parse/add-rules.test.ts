import { describe, expect, test } from "vitest";

import { addRules, type RuleToAdd } from "../index.ts";

const RULE: RuleToAdd = {
  id: "more",
  effect: "allow",
  capability: "filesystem",
  operations: ["read"],
  paths: ["/srv/in/*.csv", "/srv/*"],
};
const ADDED =
  "{ id: more, effect: allow, capability: filesystem, operations: [ read ], paths: [ /srv/in/*.csv, /srv/* ] }";

describe("rules are added to a policy's text, and the rest of it stays", () => {
  test.each<[what: string, text: string, expected: string]>([
    [
      "after the last rule and its comment",
      `version: 1 # one
name: x
rules:
  # data
  - { id: a, effect: allow, capability: random }   # why
# end
limits: { cpu_ms: 5 }
`,
      `version: 1 # one
name: x
rules:
  # data
  - { id: a, effect: allow, capability: random }   # why
  - ${ADDED}
# end
limits: { cpu_ms: 5 }
`,
    ],
    [
      "after a rule of several lines, at the end of the text",
      `version: 1
name: x
rules:
- id: a
  effect: deny
  capability: import
  modules:
    - fs`,
      `version: 1
name: x
rules:
- id: a
  effect: deny
  capability: import
  modules:
    - fs
- ${ADDED}
`,
    ],
    [
      "in an empty list",
      `version: 1
name: x
rules: []
`,
      `version: 1
name: x
rules: [ ${ADDED} ]
`,
    ],
    [
      "in a list in brackets",
      `version: 1
name: x
rules: [{ id: a, effect: allow, capability: random },
]
`,
      `version: 1
name: x
rules: [{ id: a, effect: allow, capability: random }, ${ADDED} ]
`,
    ],
  ])("%s", (_what, text, expected) => {
    expect(addRules(text, [RULE])).toBe(expected);
  });

  test("in JSON, which keeps its indentation", () => {
    const policy = { version: 1, name: "x", rules: [] };
    const text = `${JSON.stringify(policy, undefined, 4)}\n`;
    expect(addRules(text, [RULE])).toBe(
      `${JSON.stringify({ ...policy, rules: [RULE] }, undefined, 4)}\n`,
    );
  });

  test("with Windows line ends", () => {
    const text =
      "version: 1\r\nname: x\r\nrules:\r\n  - { id: a, effect: allow, capability: random }\r\n";
    expect(addRules(text, [RULE])).toBe(`${text}  - ${ADDED}\r\n`);
    const unended = text.trimEnd();
    expect(addRules(unended, [RULE])).toBe(`${text}  - ${ADDED}\r\n`);
    const json = `${JSON.stringify({ version: 1, name: "x", rules: [] }, undefined, 2)}\n`;
    expect(addRules(json.replaceAll("\n", "\r\n"), [RULE])).toBe(
      addRules(json, [RULE]).replaceAll("\n", "\r\n"),
    );
  });
});

test("a text to which no rule can be added is told, and one that is not a policy as well", () => {
  const alias = "version: 1\nname: x\nrules: &r []\nlimits: {}\n";
  expect(() => addRules(alias, [RULE])).not.toThrow();
  expect(() => addRules("version: 2", [RULE])).toThrow(/Invalid policy/);
  const random = { ...RULE, id: "a" };
  const taken = "version: 1\nname: x\nrules:\n  - { id: a, effect: allow, capability: random }\n";
  expect(() => addRules(taken, [random])).toThrow(/is the id of rules\[0\] too/);
});
