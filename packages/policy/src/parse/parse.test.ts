import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";

import { arbRules, DECLARED } from "../testing/arbitraries.ts";
import { decide, InvalidPolicyError, loadPolicy, parsePolicy, type PolicyIssue } from "../index.ts";
import { LIMIT_NAMES, LIMITS } from "../limits.ts";

const YAML = `version: 1
name: plugins
rules:
  - { id: data,   effect: allow, capability: filesystem, operations: [read, list], paths: ["/srv/data/**"] }
  - { id: dotenv, effect: deny,  capability: filesystem, operations: [read], paths: ["**/.env"] }
  - { id: api,    effect: allow, capability: network,    operations: [connect], hosts: ["api.example.com:443", "127.0.0.1:*"] }
  - { id: git,    effect: allow, capability: subprocess, operations: [exec], commands: ["/usr/bin/git"] }
  - { id: rng,    effect: allow, capability: random }
  - { id: std,    effect: allow, capability: import,     modules: ["node:fs", "node:path"] }
limits: { cpu_ms: 1000, wall_ms: 5000, memory_mib: 64, calls: 100000, output_bytes: 1048576 }
`;

const minimal = { version: 1, name: "x", rules: [] as unknown[] };
const withRule = (rule: object) => ({
  ...minimal,
  rules: [{ id: "a", effect: "allow", capability: "filesystem", paths: ["/**"], ...rule }],
});

function longPatterns(count: number): object {
  const path = `/${"a".repeat(4095)}`;
  const rules = Array.from({ length: Math.ceil(count / 1000) }, (_, at) => ({
    id: `r${at}`,
    effect: "allow",
    capability: "filesystem",
    paths: Array.from({ length: 1000 }, () => path),
  }));
  return { ...minimal, rules };
}

function longKeys(): object {
  return Object.fromEntries(
    Array.from({ length: 1000 }, (_, at) => [`${at}${"k".repeat(4000)}`, 1]),
  );
}

function mistakesOf(input: unknown): readonly PolicyIssue[] {
  try {
    parsePolicy(input);
  } catch (error) {
    if (error instanceof InvalidPolicyError) return error.issues;
    throw error;
  }
  return [];
}

describe("a good policy", () => {
  const policy = parsePolicy(YAML);

  test("is frozen through and through, and returned as it is when given again", () => {
    const walk = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(walk);
    };
    walk(policy);
    expect(parsePolicy(policy)).toBe(policy);
  });

  test("says the operations and limits that the document left out", () => {
    const { rules, limits } = parsePolicy({
      ...minimal,
      rules: [{ id: "a", effect: "deny", capability: "filesystem" }],
    });
    expect(rules[0]).toEqual({
      id: "a",
      effect: "deny",
      capability: "filesystem",
      operations: ["read", "write", "list", "stat", "remove"],
    });
    expect(limits).toEqual({
      cpuMs: 1000,
      wallMs: 5000,
      memoryMib: 64,
      calls: 100_000,
      outputBytes: 1_048_576,
    });
  });

  test("is the same from YAML, JSON and an object, with one hash", () => {
    fc.assert(
      fc.property(arbRules, (drawn) => {
        const rules = drawn.map((rule, index) => ({ id: `r${index}`, ...rule }));
        const document = { version: 1, name: "x", capabilities: DECLARED, rules };
        const policy = parsePolicy(document);
        expect(parsePolicy(stringify(document, { aliasDuplicateObjects: true }))).toEqual(policy);
        expect(parsePolicy(JSON.stringify(document, null, "\t"))).toEqual(policy);
      }),
    );
  });

  test("has a hash that key order and written-out defaults do not change, and content does", () => {
    const rule = { id: "a", effect: "allow", capability: "filesystem", paths: ["/a"] };
    const { hash } = parsePolicy({ ...minimal, rules: [rule] });
    const turned = {
      rules: [Object.fromEntries(Object.entries(rule).toReversed())],
      name: "x",
      version: 1,
    };
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(parsePolicy(turned).hash).toBe(hash);
    const written = { ...rule, operations: ["remove", "read", "write", "list", "stat", "read"] };
    expect(parsePolicy({ ...minimal, rules: [written], limits: { calls: 100_000 } }).hash).toBe(
      hash,
    );
    for (const change of [
      { ...minimal, name: "y", rules: [rule] },
      { ...minimal, rules: [{ ...rule, paths: ["/b"] }] },
      { ...minimal, rules: [{ ...rule, operations: ["read"] }] },
      { ...minimal, rules: [{ ...rule, effect: "deny" }] },
      { ...minimal, rules: [{ ...rule, id: "b" }] },
      { ...minimal, rules: [rule], limits: { calls: 99_999 } },
    ]) {
      expect(parsePolicy(change).hash).not.toBe(hash);
    }
  });

  test("may name its schema for an editor, and is the same policy with it", () => {
    const named = { $schema: "./policy.schema.json", ...minimal };
    expect(parsePolicy(named)).toEqual(parsePolicy(minimal));
    expect(parsePolicy(JSON.stringify(named))).toEqual(parsePolicy(minimal));
    expect(mistakesOf({ ...named, $schema: 5 })[0]?.path).toMatch(/schema/);
    expect(mistakesOf({ ...minimal, schema: "x" })[0]?.message).toContain(
      'did you mean "$schema"?',
    );
  });

  test("may use anchors and aliases", () => {
    const text = `version: 1
name: x
rules:
  - { id: a, effect: allow, capability: filesystem, paths: &both ["/a", "/b"] }
  - { id: b, effect: deny, capability: filesystem, operations: [write], paths: *both }
`;
    expect(parsePolicy(text).rules[1]?.paths).toEqual(["/a", "/b"]);
  });
});

describe("a policy with mistakes", () => {
  test("lists them all, with path, line and the near word", () => {
    const text = `version: 1
nme: x
rules:
  - id: a
    effect: allow
    capability: filesytem
    operations: [reed, connect]
    path: ["srv/data", "/a/../b"]
  - id: a
    effect: alow
    capability: network
    hosts: [api.example.com, "https://x:1"]
    paths: ["/x"]
  - id: default
    effect: allow
    capability: import
  - { id: 5, effect: allow, capability: zzz, foo: 1 }
  - { id: limit.cpu, effect: allow, capability: random, modules: [x], operations: [] }
  - 5
limit: { cpuMs: 0, memory_mb: 1.5, calls: "7", bogus: 3 }
__proto__: { a: 1 }
`;
    expect(() => parsePolicy(text)).toThrowErrorMatchingInlineSnapshot(`
      [InvalidPolicyError: Invalid policy: 28 mistakes
        line 2: nme: unknown key "nme"; did you mean "name"? (known: version, name, capabilities, rules, limits)
        line 6: rules[0].capability: "filesytem" is unknown; did you mean "filesystem"? (must be one of filesystem, network, subprocess, random, import, tool)
        line 7: rules[0].operations[0]: "reed" is unknown; did you mean "read"? (must be one of read, write, list, stat, remove)
        line 7: rules[0].operations[1]: "connect" is an operation of network; here it must be one of read, write, list, stat, remove
        line 8: rules[0].path: unknown key "path"; did you mean "paths"? (known: id, effect, capability, operations, paths)
        line 8: rules[0].paths[0]: "srv/data" is relative; begin with "/", as in "/srv/data", or with "**/" for any directory
        line 8: rules[0].paths[1]: "/a/../b" has a ".." segment; write the path that is meant
        line 9: rules[1].id: "a" is the id of rules[0] too; choose another
        line 10: rules[1].effect: "alow" is unknown; did you mean "allow"? (must be one of allow, deny)
        line 12: rules[1].hosts[0]: "api.example.com" has no port; add a port, such as :443 or :*
        line 12: rules[1].hosts[1]: "https://x:1" is a URL; write only its host and port, such as api.example.com:443
        line 13: rules[1].paths: "paths" is the scope of filesystem; network has "hosts"
        line 14: rules[2].id: "default" is reserved for denials that no rule explains; choose another id
        line 14: rules[2].modules: is missing: an allow rule says what it grants; to grant everything on purpose, write modules: ["*"]
        line 17: rules[3].capability: "zzz" must be one of filesystem, network, subprocess, random, import, tool
        line 17: rules[3].id: 5 is not text; put it in quotes: "5"
        line 18: rules[4].modules: "modules" is the scope of import; random has no scope
        line 18: rules[4].id: "limit.cpu" is reserved for denials that no rule explains; choose another id
        line 18: rules[4].operations: is empty; leave "operations" out for every operation
        line 19: rules[5]: 5 is not a mapping of keys to values
        line 20: limit: unknown key "limit"; did you mean "limits"? (known: version, name, capabilities, rules, limits)
        line 20: limits.cpuMs: unknown key "cpuMs"; did you mean "cpu_ms"? (known: cpu_ms, wall_ms, memory_mib, calls, output_bytes)
        line 20: limits.memory_mb: unknown key "memory_mb"; did you mean "memory_mib"? (known: cpu_ms, wall_ms, memory_mib, calls, output_bytes)
        line 20: limits.bogus: unknown key "bogus" (known: cpu_ms, wall_ms, memory_mib, calls, output_bytes)
        line 20: limits.cpu_ms: 0 is too small; the least is 1
        line 20: limits.memory_mib: 1.5 is not a whole number
        line 20: limits.calls: "7" is text; write it without quotes
        line 21: __proto__: unknown key "__proto__" (known: version, name, capabilities, rules, limits)]
    `);
  });

  test.each<[string, object, string, RegExp]>([
    ["relative path", { paths: ["srv"] }, "rules[0].paths[0]", /relative.*"\/srv"/],
    ["path with ..", { paths: ["/a/../b"] }, "rules[0].paths[0]", /"\.\." segment/],
    ["path that ends with a slash", { paths: ["/a/"] }, "rules[0].paths[0]", /"\/a\/\*\*"/],
    [
      "ambiguous wildcard",
      { paths: ["/a?"] },
      "rules[0].paths[0]",
      /neither literal nor a wildcard/,
    ],
    ["** within a segment", { paths: ["/a**"] }, "rules[0].paths[0]", /stands alone/],
    ["invisible character in a path", { paths: ["/a\u200b"] }, "rules[0].paths[0]", /invisible/],
    ["empty scope", { paths: [] }, "rules[0].paths", /empty.*"\/\*\*"/],
    [
      "no scope",
      { paths: undefined },
      "rules[0].paths",
      /missing.*on purpose, write paths: \["\/\*\*"\]/,
    ],
    ["scope that is not a list", { paths: "/a" }, "rules[0].paths", /not a list; write \["\/a"\]/],
    [
      "scope of another capability",
      { hosts: ["a.b:1"] },
      "rules[0].hosts",
      /scope of network; filesystem has "paths"/,
    ],
    [
      "operation of another capability",
      { operations: ["connect"] },
      "rules[0].operations[0]",
      /operation of network/,
    ],
    ["reserved id", { id: "control.x" }, "rules[0].id", /reserved/],
    ["reserved id of telemetry", { id: "_other" }, "rules[0].id", /reserved/],
    ["id that is a path", { id: "/etc/shadow" }, "rules[0].id", /not a rule id/],
    ["id that is a number", { id: 5 }, "rules[0].id", /put it in quotes: "5"/],
    ["unknown effect", { effect: "permit" }, "rules[0].effect", /one of allow, deny/],
  ])("%s: %j is refused at its place", (_name, rule, path, message) => {
    const issues = mistakesOf(withRule(rule));
    expect(issues).toContainEqual({ path, message: expect.stringMatching(message) as string });
  });

  test.each<[object, RegExp]>([
    [{ capability: "network", hosts: ["a.example"] }, /add a port, such as :443 or :\*/],
    [{ capability: "network", hosts: ["a.example:99999"] }, /1 to 65535/],
    [{ capability: "network", hosts: ["::1:80"] }, /brackets/],
    [{ capability: "network", hosts: ["10.1.2.3/8:*"] }, /10\.0\.0\.0\/8/],
    [{ capability: "network", hosts: ["a*.example:1"] }, /whole first label/],
    [{ capability: "network", hosts: ["https://a.example"] }, /is a URL/],
    [{ capability: "network" }, /hosts: \["\*:\*"\]/],
    [{ capability: "subprocess", commands: ["git"] }, /\/usr\/bin\/git/],
    [{ capability: "subprocess", commands: ["/usr/bin/*"] }, /wildcard/],
    [{ capability: "subprocess", commands: ["/usr/bin/../x"] }, /"\.\." segment/],
    [{ capability: "subprocess", commands: ["/bin/a"], reads: ["etc"] }, /is relative/],
    [{ capability: "subprocess", commands: ["/bin/a"], reads: [] }, /leave "reads" out/],
    [{ capability: "subprocess", commands: ["/bin/a"], raeds: ["/a"] }, /did you mean "reads"/],
    [{ capability: "subprocess", effect: "deny", reads: ["/a"] }, /on the rule that allows them/],
    [{ capability: "filesystem", paths: ["/a"], reads: ["/a"] }, /unknown key "reads"/],
    [{ capability: "import", modules: ["./x"] }, /is not a module name/],
    [
      { capability: "import", modules: ["file:tmp/x.mjs"] },
      /the prefix "file:", and "node:" is the only one/,
    ],
    [{ capability: "import", modules: ["npm:left-pad"] }, /the prefix "npm:"/],
    [{ capability: "import", modules: ["lodash/*"] }, /has a wildcard; name each module whole/],
    [{ capability: "random", paths: ["/a"] }, /random has no scope/],
    [{ capability: "control" }, /one of filesystem/],
  ])("%j is refused", (rule, message) => {
    const issues = mistakesOf({ ...minimal, rules: [{ id: "a", effect: "allow", ...rule }] });
    expect(issues.map((issue) => issue.message).join("\n")).toMatch(message);
  });

  test("what commands may read besides is part of the rule and of the hash, and no scope", () => {
    const rule = { id: "c", effect: "allow", capability: "subprocess", commands: ["/bin/cat"] };
    const plain = parsePolicy({ ...minimal, rules: [rule] });
    const reading = parsePolicy({ ...minimal, rules: [{ ...rule, reads: ["/etc/x", "/srv/**"] }] });
    expect(reading.rules[0]?.reads).toEqual(["/etc/x", "/srv/**"]);
    expect(reading.hash).not.toBe(plain.hash);
    const read = { capability: "filesystem", operation: "read", target: "/etc/x" } as const;
    expect(decide(reading, read)).toMatchObject({ effect: "deny", reason: "no_rule" });
    const exec = { capability: "subprocess", operation: "exec", target: "/srv/x" } as const;
    expect(decide(reading, exec).effect).toBe("deny");
  });

  test("lists one mistake for each, and none that only follows from another", () => {
    expect(mistakesOf(withRule({ paths: ["a", "/b", "c"] }))).toHaveLength(2);
    expect(mistakesOf(withRule({ capability: "filesytem" }))).toHaveLength(1);
    const { paths: _, ...rule } = withRule({}).rules[0] as Record<string, unknown>;
    expect(mistakesOf({ ...minimal, rules: [{ ...rule, pahts: ["/a"] }] })).toHaveLength(1);
  });

  test.each(
    LIMIT_NAMES.flatMap((name) =>
      [
        0,
        -1,
        1.5,
        "7",
        null,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        LIMITS[name].max + 1,
        LIMITS[name].min - 1,
      ].map((value) => [name, value] as const),
    ),
  )("limit %s of %j is refused once", (name, value) => {
    const issues = mistakesOf({ ...minimal, limits: { [name]: value } });
    expect(issues.map((issue) => issue.path)).toEqual([`limits.${name}`]);
  });

  test("of duplicate rule ids names the second and the first", () => {
    const rule = { id: "a", effect: "deny", capability: "random" };
    expect(mistakesOf({ ...minimal, rules: [rule, rule] })).toEqual([
      { path: "rules[1].id", message: '"a" is the id of rules[0] too; choose another' },
    ]);
  });

  const keys = {
    top: ["version", "name", "rules", "limits"],
    rule: ["id", "effect", "capability", "operations", "paths"],
    limits: LIMIT_NAMES,
  };
  test("every misspelling of a key by one character is suggested back", () => {
    const letters = [..."abcdefghijklmnopqrstuvwxyz_"];
    for (const [place, names] of Object.entries(keys)) {
      for (const name of names) {
        const slips = new Set<string>();
        for (let at = 0; at <= name.length; at += 1) {
          slips.add(name.slice(0, at) + name.slice(at + 1));
          slips.add(name.slice(0, at) + name.charAt(at + 1) + name.charAt(at) + name.slice(at + 2));
          for (const letter of letters) {
            slips.add(name.slice(0, at) + letter + name.slice(at));
            slips.add(name.slice(0, at) + letter + name.slice(at + 1));
          }
        }
        slips.delete("");
        for (const slip of slips) {
          if (names.some((known) => known === slip)) continue;
          const bad = { [slip]: "?" };
          const document =
            place === "top"
              ? { ...minimal, ...bad }
              : place === "rule"
                ? withRule(bad)
                : { ...minimal, limits: bad };
          const [issue] = mistakesOf(document).filter(({ message }) =>
            message.startsWith("unknown key"),
          );
          expect(issue?.message, slip).toContain("did you mean");
        }
      }
    }
  });

  test("quotes only clean text of its own", () => {
    const hostile = "\u001b[31m\u202e\n" + "x".repeat(10_000);
    for (const bad of [
      { ...minimal, [hostile]: 1 },
      withRule({ id: hostile }),
      withRule({ paths: [hostile] }),
      withRule({ capability: "network", paths: undefined, hosts: [`${hostile}:1`] }),
      withRule({ operations: [hostile] }),
      withRule({ [hostile]: { [hostile]: hostile } }),
    ]) {
      const issues = mistakesOf(bad);
      expect(issues.length).toBeGreaterThan(0);
      for (const { path, message } of issues) {
        expect(path + message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(path.length + message.length).toBeLessThan(500);
      }
    }
  });
});

describe("text that is not a policy", () => {
  test.each<[string, string, RegExp, number]>([
    ["broken YAML", "a: 1\nb: [", /not valid YAML/, 2],
    [
      "a duplicate key",
      "version: 1\nname: a\nname: b",
      /key "name" is there twice, first in line 2/,
      3,
    ],
    ["an alias of itself", "version: 1\nrules: &a [*a]", /nested deeper/, 2],
    ["an alias of nothing", "version: 1\nrules: *a", /no anchor/, 2],
    ["a tag", "version: 1\nname: !!js/function x", /has a tag, "!!js\/function".*leave it out/, 2],
    ["two documents", "a: 1\n---\nb: 1", /a second document begins here/, 2],
    ["brackets without end", "[".repeat(100_000), /nested too deeply/, 1],
    ["nothing", "", /is empty/, 1],
    ["a list as key", "? [a]\n: 1", /a key must be a word/, 1],
  ])("%s is refused with its line", (_name, text, message, line) => {
    const [first] = mistakesOf(text);
    expect(first).toMatchObject({ message: expect.stringMatching(message) as string, line });
  });

  test("that aliases multiply is refused before it fills the memory", () => {
    const levels = Array.from(
      { length: 30 },
      (_, at) => `k${at + 1}: &k${at + 1} [${`*k${at},`.repeat(9)}]`,
    );
    const before = process.cpuUsage();
    expect(mistakesOf(`k0: &k0 [x]\n${levels.join("\n")}`)[0]?.message).toMatch(
      /more than 150000 values/,
    );
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(2000);
  });

  test("that is too long is refused unread", () => {
    expect(mistakesOf(`# ${"x".repeat(2_100_000)}`)[0]?.message).toMatch(
      /longer than 2097152 bytes/,
    );
    expect(mistakesOf("é".repeat(1_050_000))[0]?.message).toMatch(/longer than 2097152 bytes/);
  });

  test.each<[string, string, RegExp, number]>([
    ["bytes in base64", "version: 1\nname: !!binary aGk=", /has a tag, "!!binary"/, 2],
    ["a standard tag", "version: 1\nname: !!str 5", /has a tag, "!!str"/, 2],
    ["a tag on a rule", "version: 1\nrules:\n  - !rule { id: a }", /has a tag, "!rule"/, 3],
    ["a tag on a key", "version: 1\n!!str name: x", /has a tag, "!!str"/, 2],
    ["a tag by its address", "name: !<tag:yaml.org,2002:str> x", /has a tag/, 1],
    ["the tag of no tag", "name: ! 5", /has a tag, "!"/, 1],
    ["YAML 1.1", "%YAML 1.1\n---\nname: 2020-01-01", /has a directive, "%YAML 1.1"/, 1],
    ["YAML 1.3", "%YAML 1.3\n---\nname: x", /has a directive, "%YAML 1.3"/, 1],
    ["a handle for tags", "%TAG ! tag:x,2000:\n---\nname: x", /has a directive, "%TAG/, 1],
    ["a directive of the future", "%FOO x\n---\nname: x", /has a directive, "%FOO x"/, 1],
    ["a second document without content", "name: x\n---\n", /a second document begins here/, 2],
    ["a document after the end of one", "name: x\n...\n---\nname: y", /second document/, 3],
    ["a merge key", "a: &a { b: 1 }\nname:\n  <<: *a", /has a merge key.*write the keys/, 3],
    ["merge keys of a list", "a: &a { b: 1 }\nc: { <<: [*a, *a] }", /has a merge key/, 2],
  ])("that says what its writer did not, %s, is a mistake", (_name, text, message, line) => {
    expect(mistakesOf(text)).toEqual([
      { path: "", line, message: expect.stringMatching(message) as string },
    ]);
  });

  test("may begin with the version that it is read as, and hold what only looks like a tag", () => {
    const text = '%YAML 1.2\n---\nversion: 1\nname: "!x %y <<" # !z\nrules: []\n';
    expect(parsePolicy(text).name).toBe("!x %y <<");
  });

  test.each<[string, () => unknown]>([
    ["an object of many long patterns", () => longPatterns(45_000)],
    [
      "an object that repeats one list of long patterns",
      () => {
        const paths = Array.from({ length: 1000 }, () => `/${"a".repeat(4000)}`);
        const rules = Array.from({ length: 45 }, (_, at) => ({
          id: `r${at}`,
          effect: "allow",
          capability: "filesystem",
          paths,
        }));
        return { ...minimal, rules };
      },
    ],
    ["an object of long keys", () => ({ ...minimal, limits: longKeys() })],
    [
      "text that repeats one long pattern by aliases",
      () =>
        `version: 1\nname: x\nrules:\n  - { id: a, effect: allow, capability: filesystem, paths: [&p "/${"a".repeat(4000)}"${", *p".repeat(40_000)}] }\n`,
    ],
  ])("is read no further than 2097152 characters: %s", (_name, make) => {
    const input = make();
    const before = process.cpuUsage();
    const issues = mistakesOf(input);
    const { user, system } = process.cpuUsage(before);
    expect(issues[0]?.message).toMatch(/more than 2097152 characters of text in all/);
    expect(issues).toHaveLength(1);
    // Read to their end, patterns like these took 49 seconds.
    expect((user + system) / 1e6).toBeLessThan(10);
  });

  test("cannot reach the object prototype", () => {
    for (const text of [
      '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}',
      "__proto__: { polluted: 1 }",
    ]) {
      expect(mistakesOf(text).map(({ path }) => path)).toContain("__proto__");
    }
    expect(
      mistakesOf(JSON.parse('{"__proto__": {"version": 1, "name": "x", "rules": []}}')),
    ).not.toEqual([]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

test("10,000 rules load, from text too, and each decides", () => {
  const rules = Array.from({ length: 10_000 }, (_, at) => ({
    id: `r${at}`,
    effect: "allow",
    capability: "filesystem",
    operations: ["read", "list"],
    paths: [`/srv/tenants/t${at}/data/**`],
  }));
  const policy = parsePolicy(JSON.stringify({ ...minimal, rules }));
  for (const at of [0, 5_000, 9_999]) {
    const target = `/srv/tenants/t${at}/data/x`;
    expect(decide(policy, { capability: "filesystem", operation: "read", target })).toEqual({
      effect: "allow",
      rule: `r${at}`,
    });
  }
  expect(mistakesOf({ ...minimal, rules: [...rules, { ...rules[0], id: "more" }] })).toEqual([
    { path: "rules", message: "has 10001 entries; the most is 10000" },
  ]);
});

test("a promise of a policy says that it was not awaited", () => {
  const late = Promise.resolve(parsePolicy({ version: 1, name: "late", rules: [] }));
  expect(mistakesOf(late)).toEqual([
    {
      path: "",
      message: "a policy is an object, or YAML or JSON text; this is a promise; await it first",
    },
  ]);
});

test("whatever it is given, parsePolicy throws nothing but InvalidPolicyError, and says why", () => {
  const throwing = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no");
      },
    },
  );
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const cyclic: Record<string, unknown> = { version: 1 };
  cyclic["rules"] = [cyclic];
  const getter = {
    version: 1,
    name: "x",
    get rules(): never {
      throw new Error("no");
    },
  };
  const endless = {
    ...minimal,
    rules: new Proxy([], { get: (_, key) => (key === "length" ? 2 ** 32 : 1) }),
  };
  for (const hostile of [
    throwing,
    revoked.proxy,
    cyclic,
    getter,
    endless,
    Buffer.from(YAML),
    Symbol("x"),
    () => 1,
    10n,
    new Date(),
    new Map([["version", 1]]),
  ]) {
    expect(mistakesOf(hostile).length).toBeGreaterThan(0);
  }
  const yamlish = fc.string({
    unit: fc.constantFrom(
      "a",
      ":",
      " ",
      "\n",
      "-",
      "[",
      "]",
      "{",
      "}",
      "&",
      "*",
      "!",
      "|",
      "'",
      '"',
      "#",
      "?",
      ",",
      "\t",
      "%",
      "1",
    ),
    maxLength: 40,
  });
  fc.assert(
    fc.property(
      fc.oneof(fc.anything(), fc.string({ unit: "binary" }), yamlish, fc.json()),
      (input) => {
        expect(mistakesOf(input).length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 2000 },
  );
});

test.each<[unknown]>([[{}], [1e9], [-1], [[]], ["x"], [null], [{ length: {} }]])(
  "a mapping with the length %j is no list and no text, and is refused as a mapping",
  (length) => {
    const one = { length };
    const rule = { id: "a", effect: "allow", capability: "filesystem" };
    for (const [document, what] of [
      [{ ...minimal, name: one }, "text"],
      [{ ...minimal, rules: one }, "a list"],
      [{ ...minimal, rules: [{ ...rule, paths: one }] }, "a list"],
      [{ ...minimal, rules: [{ ...rule, paths: [one] }] }, "text"],
      [{ ...minimal, rules: [{ ...rule, paths: ["/a"], operations: one }] }, "a list"],
      [{ ...minimal, rules: [{ ...rule, paths: ["/a"], description: one }] }, "text"],
      [{ ...minimal, capabilities: { db: one } }, "a list"],
    ] as const) {
      for (const input of [document, JSON.stringify(document)]) {
        const messages = mistakesOf(input).map(({ message }) => message);
        expect(messages).toEqual([expect.stringContaining(`a mapping is not ${what}`)]);
      }
    }
  },
);

test("a document with anything in any place is refused or loads, and never crashes", () => {
  fc.assert(
    fc.property(arbRules, fc.anything(), fc.nat(), (rules, anything, where) => {
      const places: ((document: Record<string, unknown>) => void)[] = [
        (document) => (document["rules"] = anything),
        (document) => (document["limits"] = anything),
        (document) => (document["name"] = anything),
        (document) => ((document["rules"] as unknown[])[0] = anything),
        ...["id", "effect", "capability", "operations", "paths", "hosts", "x"].map(
          (key) => (document: Record<string, unknown>) => {
            (document["rules"] as unknown[])[0] = {
              id: "a",
              effect: "allow",
              capability: "filesystem",
              paths: ["/"],
              [key]: anything,
            };
          },
        ),
      ];
      const document: Record<string, unknown> = {
        ...minimal,
        rules: rules.map((rule, index) => ({ id: `r${index}`, ...rule })),
      };
      places[where % places.length]?.(document);
      mistakesOf(document);
    }),
    { numRuns: 2000 },
  );
});

describe("loadPolicy", () => {
  const folder = mkdtempSync(join(tmpdir(), "policy-"));
  const file = (name: string, content: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  test("reads YAML and JSON files, with a byte order mark too", async () => {
    const policy = await loadPolicy(file("policy.yaml", `\ufeff${YAML}`));
    expect(policy).toEqual(parsePolicy(YAML));
    expect(await loadPolicy(file("policy.json", JSON.stringify(minimal)))).toEqual(
      parsePolicy(minimal),
    );
  });

  test("names the file whatever is wrong with it", async () => {
    const missing = join(folder, "missing.yaml");
    const error = await loadPolicy(missing).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidPolicyError);
    expect(error).toMatchObject({
      message: expect.stringContaining(missing) as string,
      cause: { code: "ENOENT" },
    });
    for (const bad of [
      folder,
      file("bad.yaml", "nme: x"),
      file("latin1.yaml", Buffer.from([0x61, 0xe9])),
      file("long.yaml", "#".repeat(2_100_000)),
    ]) {
      await expect(loadPolicy(bad)).rejects.toThrow(bad);
      await expect(loadPolicy(bad)).rejects.toBeInstanceOf(InvalidPolicyError);
    }
    await expect(loadPolicy(undefined as unknown as string)).rejects.toBeInstanceOf(
      InvalidPolicyError,
    );
    rmSync(folder, { recursive: true });
  });
});
