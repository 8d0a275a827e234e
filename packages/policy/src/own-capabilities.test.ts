import { describe, expect, test } from "vitest";

import { decide, explain, InvalidPolicyError, parsePolicy } from "./index.ts";

const REPORTS = {
  id: "reports",
  effect: "allow",
  capability: "database",
  operations: ["query"],
  targets: ["reports.*"],
};

const document = (...rules: readonly object[]) => ({
  version: 1,
  name: "reporting",
  capabilities: { database: ["query", "write"], mail: ["send"] },
  rules,
});

const query = (target: string) => ({ capability: "database", operation: "query", target });

function mistakesIn(input: unknown): readonly string[] {
  try {
    parsePolicy(input);
  } catch (error) {
    if (error instanceof InvalidPolicyError) {
      return error.issues.map(({ path, message }) => `${path}: ${message}`);
    }
    throw error;
  }
  return [];
}

describe("a declared capability", () => {
  test("has rules, and is decided as the built-in ones are", () => {
    const policy = parsePolicy(
      document(
        REPORTS,
        { id: "secrets", effect: "deny", capability: "database", targets: ["**.password"] },
        { id: "mails", effect: "allow", capability: "mail", targets: ["*@example.com"] },
      ),
    );
    expect(policy.capabilities).toEqual({ database: ["query", "write"], mail: ["send"] });
    expect(decide(policy, query("reports.daily"))).toEqual({ effect: "allow", rule: "reports" });
    expect(decide(policy, query("reports.password"))).toMatchObject({
      rule: "secrets",
      reason: "explicit_deny",
    });
    expect(decide(policy, { ...query("reports.daily"), operation: "write" })).toMatchObject({
      reason: "wrong_operation",
      nearestRule: { id: "reports", lacked: "operation" },
    });
    expect(decide(policy, query("orders.daily"))).toMatchObject({
      reason: "outside_scope",
      nearestRule: { id: "reports", lacked: "scope" },
    });
    expect(
      decide(policy, { capability: "mail", operation: "send", target: "kim@example" }).effect,
    ).toBe("deny");
  });

  test("without a rule denies, as does an operation or a capability that is not declared", () => {
    const policy = parsePolicy(document(REPORTS));
    for (const [capability, operation] of [
      ["mail", "send"],
      ["database", "drop"],
      ["databas", "query"],
      ["constructor", "query"],
      ["__proto__", "query"],
      ["tool", "call"],
    ] as const) {
      const request = { capability, operation, target: "reports.daily" };
      expect(decide(policy, request)).toEqual({
        effect: "deny",
        rule: "default",
        reason: "no_rule",
      });
    }
  });

  test("may have the name of a property that every object has", () => {
    const policy = parsePolicy({
      ...document({ ...REPORTS, capability: "constructor", operations: ["toString"] }),
      capabilities: { constructor: ["toString"], hasOwnProperty: ["call"] },
    });
    const request = { capability: "constructor", operation: "toString", target: "reports.x" };
    expect(decide(policy, request).effect).toBe("allow");
    expect(decide(policy, { ...request, capability: "valueOf" })).toMatchObject({
      reason: "no_rule",
    });
  });
});

describe("the built-in capability tool", () => {
  const rules = [{ id: "crm", effect: "allow", capability: "tool", tools: ["crm.*"] }];
  const plain = { version: 1, name: "x", rules };

  test("may be declared with its operation, which changes nothing", () => {
    const declaring = parsePolicy({ ...plain, capabilities: { tool: ["call"] } });
    expect(declaring).toEqual(parsePolicy(plain));
    expect(declaring.capabilities).toEqual({});
    const lookup = { capability: "tool", operation: "call", target: "crm.lookup" };
    expect(decide(declaring, lookup)).toEqual({ effect: "allow", rule: "crm" });
  });

  test("may stand among a service's own", () => {
    const both = { ...plain, capabilities: { database: ["query"], tool: ["call"] } };
    expect(parsePolicy(both)).toEqual(
      parsePolicy({ ...plain, capabilities: { database: ["query"] } }),
    );
  });

  test("cannot be declared with other operations, nor beside 100 others", () => {
    expect(mistakesIn({ ...plain, capabilities: { tool: ["call", "query"] } })).toEqual([
      'capabilities.tool[1]: "query" must be call',
    ]);
    expect(mistakesIn({ ...plain, capabilities: { tool: [] } })).toHaveLength(1);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`c${at}`, ["x"]]));
    expect(mistakesIn({ ...plain, capabilities: { ...many, tool: ["call"] } })).toEqual([
      "capabilities: has more than the 100 capabilities that a policy can declare",
    ]);
  });
});

describe("a target", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["reports.daily", ["reports.daily"], ["reports.dailyx", "Reports.daily", "reports-daily"]],
    ["reports.*", ["reports.daily", "reports.", "reports.a b"], ["reports", "reports.a.b"]],
    ["*", ["reports", "a b", ""], ["a.b", "a/b", "a:b"]],
    ["**", ["", "a.b", "a/b:c.d", "?[x]{y}\\"], []],
    ["crm.**", ["crm.a", "crm.a.b/c:d", "crm."], ["crm", "xcrm.a"]],
    ["**.password", ["a.password", "a.b.password", ".password"], ["password", "a.passwords"]],
    ["bucket/*.csv", ["bucket/a.csv", "bucket/.csv"], ["bucket/a/b.csv", "bucket/a.b.csv"]],
    ["user:*:name", ["user:1:name"], ["user:1:2:name", "user:1.name"]],
    ["a**z", ["az", "a.b/z", "azz"], ["a", "za", "a.zb"]],
    ["*-*", ["a-b", "-", "a-b-c"], ["a.b-c", "ab"]],
    ["a.*.c.**.e", ["a.b.c.d.e", "a..c..e"], ["a.b.c.e", "a.b.d.c.d.e"]],
    ["😀*", ["😀", "😀x"], ["😁"]],
  ])("of the pattern %s", (pattern, covered, others) => {
    const policy = parsePolicy(document({ ...REPORTS, targets: [pattern] }));
    const granted = (target: string) => decide(policy, query(target)).effect === "allow";
    expect(covered.filter((target) => !granted(target))).toEqual([]);
    expect(others.filter(granted)).toEqual([]);
  });

  test.each<[string, unknown]>([
    ["that is longer than 4096 characters", "a".repeat(4097)],
    ["with a line break", "reports.a\nb"],
    ["with a NUL", "reports.\0"],
    ["with half a character", "reports.\uD83D"],
    ["that is not text", 5],
    ["that is left out", undefined],
    ["that is a promise", Promise.resolve("reports.daily")],
  ])("%s is refused as malformed", (_name, target) => {
    for (const rules of [[REPORTS], [{ ...REPORTS, targets: ["**"] }], []]) {
      const policy = parsePolicy(document(...rules));
      const request = query(target as string);
      expect(decide(policy, request)).toEqual({
        effect: "deny",
        rule: "default",
        reason: "malformed",
      });
      expect(explain(policy, request)).toMatchObject({ cause: "malformed", change: undefined });
    }
  });

  test("that is malformed is denied by a deny rule without targets, if there is one", () => {
    const policy = parsePolicy(
      document(REPORTS, { id: "off", effect: "deny", capability: "database" }),
    );
    expect(decide(policy, query("a\nb"))).toMatchObject({ rule: "off", reason: "explicit_deny" });
  });
});

describe("an explanation", () => {
  const policy = parsePolicy(document(REPORTS));

  test("says which targets the nearest rule has, and gives the rule that would grant it", () => {
    expect(explain(policy, query("orders.daily"))).toMatchObject({
      cause: "outside_scope",
      lack: { rule: "reports", what: "target", wanted: "orders.daily", has: ["reports.*"] },
      change: {
        id: "allow-database-query",
        capability: "database",
        operations: ["query"],
        targets: ["orders.daily"],
      },
      message: expect.stringContaining(
        'lacks the target "orders.daily": it has "reports.*"',
      ) as string,
    });
  });

  test("offers no change for a target that no pattern can name", () => {
    for (const target of ["", "a*", "a?", " a", "x".repeat(513)]) {
      expect(explain(policy, query(target))).toMatchObject({
        cause: "outside_scope",
        change: undefined,
      });
    }
  });

  test("of a capability or an operation that is not declared says that no policy can grant it", () => {
    for (const request of [
      { ...query("a"), capability: "databas" },
      { ...query("a"), operation: "drop" },
    ]) {
      expect(explain(policy, request).cause).toBe("not_grantable");
    }
  });

  test("offers a rule whose id is valid, however long the names are", () => {
    const [capability, operation] = ["c".repeat(64), "o".repeat(64)];
    const long = parsePolicy({ ...document(), capabilities: { [capability]: [operation] } });
    const { change } = explain(long, { capability, operation, target: "a" });
    expect(
      parsePolicy({ ...long, hash: undefined, limits: {}, rules: [change] }).rules,
    ).toHaveLength(1);
  });
});

describe("a policy's content", () => {
  test("does not depend on the order of declarations, and has its old hash without any", () => {
    const bare = { version: 1, name: "x", rules: [] };
    const { hash } = parsePolicy({ ...bare, capabilities: { a: ["x", "y"], b: ["z"] } });
    const turned = parsePolicy({ ...bare, capabilities: { b: ["z"], a: ["y", "x", "y"] } });
    expect(turned.hash).toBe(hash);
    expect(parsePolicy({ ...bare, capabilities: { a: ["x"], b: ["z"] } }).hash).not.toBe(hash);
    // Worked out before there were declarations: what is stored with events stays comparable.
    expect(parsePolicy(bare).hash).toBe("ad2e3ad0797108ea");
    expect(parsePolicy({ ...bare, capabilities: {} }).hash).toBe("ad2e3ad0797108ea");
  });

  test("is the same where a rule names all operations and where it names none", () => {
    const { operations: _all, ...every } = REPORTS;
    const [one, other] = [every, { ...REPORTS, operations: ["write", "query"] }].map((rule) =>
      parsePolicy(document(rule)),
    );
    expect(one?.rules[0]?.operations).toEqual(["query", "write"]);
    expect(one?.hash).toBe(other?.hash);
  });
});

test.each<[string, object, readonly string[]]>([
  [
    "a capability that is not declared",
    document({ ...REPORTS, capability: "databse" }),
    [
      'rules[0].capability: "databse" is unknown; did you mean "database"? (must be one of filesystem, network, subprocess, random, import, tool, database, mail)',
    ],
  ],
  [
    "a capability of which no word is near",
    { ...document({ ...REPORTS, capability: "cache" }), capabilities: {} },
    [
      'rules[0].capability: "cache" must be one of filesystem, network, subprocess, random, import, tool; to have one of your own, declare it with its operations: capabilities: { cache: [call] }',
    ],
  ],
  [
    "an operation that is not declared",
    document({ ...REPORTS, operations: ["qurey", "read"] }),
    [
      'rules[0].operations[0]: "qurey" is unknown; did you mean "query"? (must be one of query, write)',
      'rules[0].operations[1]: "read" is an operation of filesystem; here it must be one of query, write',
    ],
  ],
  [
    "a built-in name that is declared",
    { ...document(), capabilities: { filesystem: ["read"], limit: ["x"] } },
    [
      'capabilities.filesystem: "filesystem" is built in; declare only what is your own',
      'capabilities.limit: "limit" is built in; declare only what is your own',
    ],
  ],
  [
    "names that are not valid",
    {
      ...document(),
      capabilities: JSON.parse('{"data base": ["x"], "__proto__": ["x"], "a": ["/etc"]}') as object,
    },
    [
      'capabilities["data base"]: "data base" is not a name for a capability; begin with a letter or digit, then letters, digits, ".", "_" and "-", at most 64',
      'capabilities.__proto__: "__proto__" is not a name for a capability; begin with a letter or digit, then letters, digits, ".", "_" and "-", at most 64',
      'capabilities.a[0]: "/etc" is not a name for an operation; begin with a letter or digit, then letters, digits, ".", "_" and "-", at most 64',
    ],
  ],
  [
    "operations that are not a list, and a rule for them",
    { ...document(REPORTS), capabilities: { database: "query", mail: [] } },
    [
      'capabilities.database: "query" is not a list; write ["query"]',
      "capabilities.mail: is empty; write what can be done with it, such as [query, write]",
    ],
  ],
  [
    "a misspelt key, and a rule for what it declares",
    { version: 1, name: "x", capabilites: { database: ["query"] }, rules: [REPORTS] },
    [
      'capabilites: unknown key "capabilites"; did you mean "capabilities"? (known: version, name, capabilities, rules, limits)',
    ],
  ],
  [
    "a list instead of a mapping",
    { ...document(), capabilities: ["database"] },
    ["capabilities: a list is not a mapping of keys to values"],
  ],
  [
    "another capability's scope",
    document(
      { ...REPORTS, paths: ["/x"] },
      { ...REPORTS, id: "b", capability: "filesystem", operations: ["read"], paths: ["/"] },
    ),
    [
      'rules[0].paths: "paths" is the scope of filesystem; database has "targets"',
      'rules[1].targets: "targets" is the scope of declared capabilities; filesystem has "paths"',
    ],
  ],
  [
    "no targets in an allow rule",
    document({ ...REPORTS, targets: undefined }),
    [
      'rules[0].targets: is missing: an allow rule says what it grants; to grant everything on purpose, write targets: ["**"]',
    ],
  ],
  [
    "patterns that would match nothing",
    document({
      ...REPORTS,
      targets: ["", "!a", "^a$", " a", "a?", "a.{b,c}", "a\\b", "a***", "a\u202E", "x".repeat(513)],
    }),
    [
      'rules[0].targets[0]: "" is empty; write a whole target, or "**" for every one',
      'rules[0].targets[1]: "!a" begins with !, and there is no negation; write a rule with effect: deny',
      'rules[0].targets[2]: "^a$" is a regular expression; write a target, with * between separators and ** for any text',
      'rules[0].targets[3]: " a" has a space at an end; leave it out',
      'rules[0].targets[4]: "a?" has "?", which is neither literal nor a wildcard here; the wildcards are * and **',
      'rules[0].targets[5]: "a.{b,c}" has "{", which is neither literal nor a wildcard here; the wildcards are * and **, so write an entry for each',
      'rules[0].targets[6]: "a\\\\b" has a backslash, and nothing is escaped here',
      'rules[0].targets[7]: "a***" has more than two stars in a row; write "a**"',
      'rules[0].targets[8]: "a\\u{202e}" has control, invisible or look-alike characters',
      "rules[0].targets[9]: is longer than 512 characters",
    ],
  ],
])("a policy with %s does not load, and says what to write", (_name, bad, messages) => {
  expect(mistakesIn(bad)).toEqual(messages);
});

test("a policy declares at most 100 capabilities with 32 operations each", () => {
  const names = (count: number, of: string) =>
    Array.from({ length: count }, (_, at) => `${of}${at}`);
  const declaring = (capabilities: number, operations: number) => ({
    ...document(),
    capabilities: Object.fromEntries(
      names(capabilities, "c").map((name) => [name, names(operations, "o")]),
    ),
  });
  expect(Object.keys(parsePolicy(declaring(100, 32)).capabilities)).toHaveLength(100);
  expect(mistakesIn(declaring(101, 1))).toEqual([
    "capabilities.c100: is one more than the 100 capabilities that a policy can declare",
  ]);
  expect(mistakesIn(declaring(1, 33))).toEqual(["capabilities.c0: has 33 entries; the most is 32"]);
});
