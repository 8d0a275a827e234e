import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { decide, lintPolicy, parsePolicy } from "../index.ts";
import { arbRequest, arbRules, policyOf } from "../testing/arbitraries.ts";

const FS =
  "  - { id: fs, effect: allow, capability: import, modules: [node:fs, node:child_process] }\n";

const findings = (rules: string): string[] =>
  lintPolicy(parsePolicy(`version: 1\nname: p\nrules:\n${FS}${rules}`)).map(({ kind, rule, by }) =>
    [kind, rule, ...by].join(" "),
  );

describe("a rule is found", () => {
  test.each<[what: string, rules: string, expected: string[]]>([
    [
      "shadowed, where an earlier one covers all of it",
      `
  - { id: a, effect: allow, capability: filesystem, paths: ["/srv/**"] }
  - { id: b, effect: allow, capability: filesystem, operations: [read], paths: ["/srv/x/*.csv", "/srv/y"] }`,
      ["shadowed b a"],
    ],
    [
      "shadowed, where several cover it together, without those that are not needed",
      `
  - { id: a, effect: deny, capability: network, hosts: ["10.0.0.0/9:*"] }
  - { id: b, effect: deny, capability: network, hosts: ["c.example:80"] }
  - { id: c, effect: deny, capability: network, hosts: ["10.128.0.0/9:*"] }
  - { id: d, effect: deny, capability: network, hosts: ["10.0.0.0/8:80", "10.1.0.0/16:443"] }`,
      ["shadowed d a c"],
    ],
    [
      "emptied, where deny rules cover all of it",
      `
  - { id: a, effect: allow, capability: filesystem, operations: [read], paths: ["/srv/*/.env"] }
  - { id: b, effect: deny, capability: filesystem, paths: ["**/.env"] }`,
      ["emptied a b"],
    ],
    [
      "over-broad, where it allows everything, however it is written",
      `
  - { id: a, effect: allow, capability: filesystem, operations: [stat], paths: ["/", "/*/**"] }
  - { id: b, effect: allow, capability: network, hosts: ["*:443"] }
  - { id: c, effect: allow, capability: subprocess, commands: ["*"] }`,
      ["over_broad a", "over_broad b", "over_broad c"],
    ],
    [
      "wider in the kernel layer, where a wildcard stands before the last segment of a path",
      `
  - { id: a, effect: allow, capability: filesystem, operations: [read], paths: ["/srv/*/public/**"] }
  - { id: b, effect: allow, capability: filesystem, operations: [read], paths: ["/srv/in/*.csv", "/srv/out/**"] }`,
      ["wider_in_kernel a"],
    ],
    [
      "in no way, where it decides something",
      `
  - { id: a, effect: allow, capability: filesystem, operations: [read], paths: ["/srv/**"] }
  - { id: b, effect: allow, capability: filesystem, operations: [read, list], paths: ["/srv/x"] }
  - { id: c, effect: deny, capability: filesystem, paths: ["/srv/*.key"] }`,
      [],
    ],
    [
      "in no way, where it is the only one that denies malformed targets",
      `
  - { id: a, effect: deny, capability: tool, tools: ["**"] }
  - { id: b, effect: deny, capability: tool }`,
      [],
    ],
    [
      "shadowed, where an earlier one denies malformed targets too",
      `
  - { id: a, effect: deny, capability: tool }
  - { id: b, effect: deny, capability: tool }
  - { id: c, effect: deny, capability: tool, tools: ["**"] }`,
      ["shadowed b a", "shadowed c a"],
    ],
  ])("%s", (_what, rules, expected) => {
    expect(findings(rules.slice(1))).toEqual(expected);
  });

  test("unusable, where no guest can load the module for it", () => {
    const policy = parsePolicy(`version: 1
name: p
rules:
  - { id: data, effect: allow, capability: filesystem, paths: ["/srv/**"] }
  - { id: git, effect: allow, capability: subprocess, commands: ["/usr/bin/git"] }
  - { id: api, effect: allow, capability: network, hosts: ["a.example:443"] }
`);
    expect(lintPolicy(policy).map(({ kind, rule }) => `${kind} ${rule}`)).toEqual([
      "unusable data",
      "unusable git",
    ]);
  });

  test("with its line, where the text is given", () => {
    const text = `version: 1
name: p
rules:
  - { id: a, effect: allow, capability: random }

  - { id: b, effect: allow, capability: random }
`;
    expect(lintPolicy(parsePolicy(text), text)).toEqual([
      {
        kind: "shadowed",
        rule: "b",
        path: "rules[1]",
        line: 6,
        by: ["a"],
        message: 'never decides: "a" covers all of it',
      },
    ]);
  });
});

test("a rule that is said to decide nothing decides no request, and one that decides is never said to", () => {
  fc.assert(
    fc.property(arbRules, fc.array(arbRequest, { maxLength: 30 }), (rules, requests) => {
      const policy = policyOf(rules);
      const found = lintPolicy(policy);
      const silent = found.filter(({ kind }) => kind === "shadowed" || kind === "emptied");
      const deciding = new Set(requests.map((request) => decide(policy, request).rule));
      expect(silent.filter(({ rule }) => deciding.has(rule))).toEqual([]);
      // Without a rule that decides nothing every request is decided alike.
      const names = new Set(silent.map(({ rule }) => rule));
      const fewer = parsePolicy({
        version: 1,
        name: "x",
        capabilities: policy.capabilities,
        rules: policy.rules.filter(({ id }) => !names.has(id)),
      });
      for (const request of requests) {
        const { effect, rule } = decide(fewer, request);
        expect({ effect, rule }).toEqual({
          effect: decide(policy, request).effect,
          rule: decide(policy, request).rule,
        });
      }
    }),
    { numRuns: 200 },
  );
});
