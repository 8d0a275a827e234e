import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  commandLine,
  decide,
  denialEvent,
  diffPolicies,
  parsePolicy,
  type Policy,
  type Request,
  suggestRules,
} from "../index.ts";
import { arbRequest, arbRules, policyOf } from "../testing/arbitraries.ts";
import { RandomPolicies } from "../testing/random-policies.ts";

const policy = parsePolicy({
  version: 1,
  name: "plugins",
  capabilities: { crm: ["call"] },
  rules: [
    {
      id: "data",
      effect: "allow",
      capability: "filesystem",
      operations: ["read"],
      paths: ["/srv/data/**"],
    },
    { id: "dotenv", effect: "deny", capability: "filesystem", paths: ["**/.env"] },
  ],
});

const read = (target: string): Request => ({ capability: "filesystem", operation: "read", target });
const list = (target: string): Request => ({ capability: "filesystem", operation: "list", target });
const run = (target: string): Request => ({ capability: "subprocess", operation: "exec", target });
const connect = (target: string): Request => ({
  capability: "network",
  operation: "connect",
  target,
});

describe("the rules that are suggested", () => {
  test.each<[what: string, denied: Request[], scopes: unknown[]]>([
    ["one target is named alone", [read("/etc/hosts")], [{ paths: ["/etc/hosts"] }]],
    [
      "two targets that are alike are named alone",
      [read("/srv/in/a.csv"), read("/srv/in/b.csv")],
      [{ paths: ["/srv/in/a.csv", "/srv/in/b.csv"] }],
    ],
    [
      "three files of one ending in one directory become that ending",
      [read("/srv/in/a.csv"), read("/srv/in/b.csv"), read("/srv/in/c.csv")],
      [{ paths: ["/srv/in/*.csv"] }],
    ],
    [
      "three files of one directory become the directory's files",
      [read("/srv/in/a.csv"), read("/srv/in/b.txt"), read("/srv/in/c")],
      [{ paths: ["/srv/in/*"] }],
    ],
    [
      "digits that are the same in all files stay",
      [read("/srv/in/2026-09.csv"), read("/srv/in/2026-10.csv"), read("/srv/in/2026-11.csv")],
      [{ paths: ["/srv/in/2026-*.csv"] }],
    ],
    [
      "files that differ in digits become that name",
      [
        read("/srv/in/1.csv"),
        read("/srv/in/day-2.csv"),
        read("/srv/in/day-31.csv"),
        read("/srv/in/day-4.csv"),
      ],
      [{ paths: ["/srv/in/day-*.csv", "/srv/in/1.csv"] }],
    ],
    [
      "a directory below the root is never opened",
      [
        read("/etc/passwd"),
        read("/etc/shadow"),
        read("/etc/group"),
        read("/x1"),
        read("/x2"),
        read("/x3"),
      ],
      [{ paths: ["/etc/passwd", "/etc/shadow", "/etc/group", "/x1", "/x2", "/x3"] }],
    ],
    [
      "three ports of one host become every port of it, and hosts never a wildcard",
      [
        connect("db.example:1"),
        connect("db.example:2"),
        connect("db.example:3"),
        connect("a.example:1"),
        connect("b.example:1"),
        connect("c.example:1"),
      ],
      [{ hosts: ["db.example:*", "a.example:1", "b.example:1", "c.example:1"] }],
    ],
    [
      "operations on the same targets share a rule",
      [read("/srv/a"), list("/srv/a"), list("/srv/b")],
      [
        { operations: ["read", "list"], paths: ["/srv/a"] },
        { operations: ["list"], paths: ["/srv/b"] },
      ],
    ],
    [
      "a target that was denied in several spellings is one target",
      [
        { capability: "import", operation: "load", target: "fs" },
        { capability: "import", operation: "load", target: "node:fs" },
        read("/srv/a"),
        read("/srv/a/"),
        list("/srv/a"),
        connect("A.example:1"),
        connect("a.example.:1"),
        run("/usr/bin/id -u"),
        run('"/usr/bin/id" -u'),
      ],
      [
        { capability: "subprocess", commands: [{ path: "/usr/bin/id", args: ["-u"] }] },
        { id: "allow-import-load", operations: ["load"], modules: ["node:fs"] },
        { id: "allow-filesystem-read-list", operations: ["read", "list"], paths: ["/srv/a"] },
        { id: "allow-network-connect", operations: ["connect"], hosts: ["a.example:1"] },
      ],
    ],
    [
      "a tilde that is not a home directory is a character like any other",
      [run("/usr/bin/git show HEAD~1 a~"), read("/srv/~/a")],
      [{ commands: [{ args: ["show", "HEAD~1", "a~"] }] }, { paths: ["/srv/~/a"] }],
    ],
    [
      "three targets of a declared capability become what stands before their last separator",
      ["crm.get", "crm.put", "crm.list", "a", "b", "c"].map((target) => ({
        capability: "crm",
        operation: "call",
        target,
      })),
      [{ capability: "crm", targets: ["crm.*", "a", "b", "c"] }],
    ],
    [
      "random numbers have no scope",
      [{ capability: "random", operation: "read", target: "" }],
      [{ id: "allow-random-read", capability: "random" }],
    ],
  ])("%s", (_what, denied, scopes) => {
    const { rules, covers, refused } = suggestRules(policy, denied);
    expect(rules).toMatchObject(scopes);
    expect(rules).toHaveLength(scopes.length);
    expect({ covers, refused }).toEqual({ covers: denied.length, refused: [] });
  });

  test("have ids that the policy does not have", () => {
    const first = suggestRules(policy, [read("/a/b")]).policy;
    const second = suggestRules(first, [read("/a/c")]);
    expect(second.policy.rules.map(({ id }) => id)).toEqual([
      "data",
      "dotenv",
      "allow-filesystem-read",
      "allow-filesystem-read-2",
    ]);
  });

  test("open what the price tag says, and no more than the targets with exact: true", () => {
    const denied = ["a", "b", "c"].map((name) => read(`/srv/in/${name}.csv`));
    expect(suggestRules(policy, denied)).toMatchObject({
      opens: [
        {
          operation: "read",
          change: "allowed",
          witness: "/srv/in/.csv",
          rule: "allow-filesystem-read",
        },
      ],
      wider: [{ rule: "allow-filesystem-read", pattern: "/srv/in/*.csv", by: "siblings", from: 3 }],
    });
    const exact = suggestRules(policy, denied, { exact: true });
    expect(exact.rules[0]?.paths).toEqual(denied.map(({ target }) => target));
    expect(exact.wider).toEqual([]);
  });
});

describe("a denial is refused a rule", () => {
  test.each<[what: string, Request, RegExp]>([
    ["where a deny rule refuses it", read("/srv/.env"), /refused by rule "dotenv"/],
    ["where it is malformed", read("etc/passwd"), /the target or an argument of it is not valid/],
    [
      "where no policy can grant it",
      { capability: "control", operation: "reload_policy", target: "" },
      /no policy can grant this/,
    ],
    [
      "where it is a limit",
      { capability: "limit", operation: "cpu", target: "" },
      /a limit, which no rule can grant: cpu_ms is 1000 in the policy/,
    ],
    ["where its target is a pattern", read("/srv/*"), /^no pattern can name/],
    ["where its record does not have all of the target", read("/srv/[redacted]/a"), /redacted/],
    ["where its target was cut", read("/srv/aaa…"), /cut/],
    ["where a path has the place of a cell's name", read("/srv/${cell}/a"), /no pattern/],
  ])("%s", (_what, request, why) => {
    const suggestion = suggestRules(policy, [request]);
    expect(suggestion).toMatchObject({ rules: [], opens: [], covers: 0, refused: [{ request }] });
    expect(suggestion.refused[0]?.message).toMatch(why);
  });

  test.each<[what: string, line: string, why: RegExp]>([
    ["was redacted", "/usr/bin/psql --password=[redacted] -l", /redacted/],
    ["names a home directory", "/usr/bin/cat ~/.ssh/id_rsa", /redacted/],
    ["names one behind an option", '"/usr/bin/cat" "--file=~/a b"', /redacted/],
    ["is a home directory", "/usr/bin/ls ~", /redacted/],
    ["was cut", "/usr/bin/echo a aaa…", /cut/],
    ["was cut in quotes", '/usr/bin/echo "a aaa…', /cut/],
    ["was cut at its start", "/usr/bin/echo …", /cut/],
    ["has an escaped character", String.raw`/usr/bin/echo c\u{a}d`, /escapes/],
    ["has an escaped backslash", String.raw`/usr/bin/grep a\\b`, /escapes/],
  ])("where an argument %s", (_what, target, why) => {
    const { rules, covers, refused } = suggestRules(policy, [run(target)]);
    expect({ rules, covers }).toEqual({ rules: [], covers: 0 });
    expect(refused.map(({ message }) => message)).toEqual([expect.stringMatching(why)]);
  });

  test("where the target of a declared capability names a home directory", () => {
    const denied = { capability: "crm", operation: "call", target: "backup:~/notes" };
    expect(suggestRules(policy, [denied])).toMatchObject({ rules: [], refused: [{}] });
  });
});

test("what the policy allows already is counted, and needs no rule", () => {
  const suggestion = suggestRules(policy, [read("/srv/data/a"), read("/srv/data/a")]);
  expect(suggestion).toMatchObject({ rules: [], granted: 2, covers: 0, policy });
});

test("denial events are taken as they are", () => {
  const events = ["/srv/a", "/srv/a", "/srv/\u202eb"].map((target) =>
    denialEvent({
      cell: "c",
      capability: "filesystem",
      operation: "read",
      target,
      enforced: false,
    }),
  );
  expect(suggestRules(policy, events)).toMatchObject({
    rules: [{ paths: ["/srv/a"] }],
    covers: 2,
    refused: [{ request: { target: "/srv/\\u{202e}b" } }],
  });
});

test("a command's arguments are in its line, as in a record, or by themselves, as in a request", () => {
  const command = { path: "/usr/bin/git", args: ["log", "a b"] };
  const request = { ...run(command.path), args: command.args };
  for (const denied of [request, run('/usr/bin/git log "a b"')]) {
    const suggestion = suggestRules(policy, [denied]);
    expect(suggestion).toMatchObject({ rules: [{ commands: [command] }], covers: 1 });
    expect(decide(suggestion.policy, request).effect).toBe("allow");
  }
});

test("an option that is not known is a mistake", () => {
  expect(() => suggestRules(policy, [], { exakt: true } as object)).toThrow(/exakt.*exact/);
});

/** A request as the record of its denial has it: a command with its arguments. */
function recordOf({ capability, operation, target, args }: Request): Request {
  return {
    capability,
    operation,
    target: capability === "subprocess" ? commandLine(target, args) : target,
  };
}

/** Every other command with its arguments as a request has them. */
function givenAs(request: Request, at: number): Request {
  return at % 2 === 0 || request.args === undefined ? recordOf(request) : request;
}

/** Checks every promise of a suggestion. */
function check(before: Policy, denied: readonly Request[], exact: boolean): void {
  const {
    rules,
    opens,
    covers,
    granted,
    refused,
    policy: after,
  } = suggestRules(before, denied.map(givenAs), { exact });
  const is = (request: Request, by: Policy): boolean => decide(by, request).effect === "allow";
  expect(granted).toBe(denied.filter((request) => is(request, before)).length);
  expect(covers).toBe(denied.filter((request) => is(request, after)).length - granted);
  // Each denial is allowed now, or refused with a reason.
  const told = new Set(refused.map(({ request }) => JSON.stringify(request)));
  const denials = denied.map(({ capability, operation, target, args = [] }): Request =>
    capability === "subprocess"
      ? { capability, operation, target, args }
      : { capability, operation, target },
  );
  const silent = denials.filter(
    (request) => !is(request, after) && !told.has(JSON.stringify(request)),
  );
  expect(silent).toEqual([]);
  expect(opens).toEqual(diffPolicies(before, after));
  expect(opens.filter(({ change }) => change === "denied")).toEqual([]);
  for (const { paths = [], hosts = [] } of rules) {
    for (const path of paths)
      expect(path).toMatch(/^(?:\/[^*]*|\/[^/*]+\/[^*]+\/[^/]*\*[^/]*|\/[^/*]+\/.*[^/*].*)$/);
    for (const host of hosts) expect(host).not.toMatch(/^\*/);
  }
}

test("a suggestion covers what it says, and opens what it says and no more", () => {
  fc.assert(
    fc.property(
      arbRules,
      fc.array(arbRequest, { maxLength: 20 }),
      fc.boolean(),
      (rules, denied, exact) => {
        check(policyOf(rules), denied, exact);
      },
    ),
    { numRuns: 200 },
  );
});

test("the same holds for large policies", () => {
  const random = new RandomPolicies(7);
  for (let round = 0; round < 30; round += 1) {
    const before = random.policy();
    const denied = Array.from({ length: 60 }, () => random.request(before));
    check(before, denied, round % 2 === 0);
  }
});

test("what one rule cannot hold goes into several", () => {
  const denied = Array.from({ length: 2500 }, (_, at) => connect(`h${at}x.example:443`));
  const { rules, covers } = suggestRules(policy, denied);
  expect(rules.map(({ hosts }) => hosts?.length)).toEqual([1000, 1000, 500]);
  expect(covers).toBe(2500);
});
