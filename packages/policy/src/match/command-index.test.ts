import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { arbArgumentPatterns, arbArguments, policyOf } from "../testing/arbitraries.ts";
import { coversArguments } from "../testing/linear-arguments.ts";
import {
  commandLine,
  type CommandScope,
  decide,
  explain,
  parsePolicy,
  readCommandLine,
} from "../index.ts";

const GIT = "/usr/bin/git";

const grants = (commands: readonly CommandScope[], args?: readonly string[], target = GIT) =>
  decide(policyOf([{ effect: "allow", capability: "subprocess", commands }]), {
    capability: "subprocess",
    operation: "exec",
    target,
    ...(args === undefined ? {} : { args }),
  }).effect === "allow";

const git = (...args: string[]): CommandScope[] => [{ path: GIT, args }];

describe("a command of a rule", () => {
  test.each<[readonly string[], readonly string[], boolean]>([
    [["log", "--oneline", "**"], ["log", "--oneline"], true],
    [["log", "--oneline", "**"], ["log", "--oneline", "-n", "3"], true],
    [["log", "--oneline", "**"], ["log"], false],
    [["log", "--oneline", "**"], ["-c", "alias.x=!id", "log", "--oneline"], false],
    [["show", "*"], ["show", "HEAD"], true],
    [["show", "*"], ["show"], false],
    [["show", "*"], ["show", "a", "b"], false],
    [["show", "*"], ["show", ""], true],
    [["--format=*"], ["--format=a/b c"], true],
    [["--format=*"], ["--format"], false],
    [["**", "--"], ["a", "b", "--"], true],
    [["**", "--"], ["--", "a"], false],
    [["a*b*c"], ["abc"], true],
    [["a*b*c"], ["ac"], false],
    [[], [], true],
    [[], ["x"], false],
    [["[a-z]?"], ["[a-z]?"], true],
    [["[a-z]?"], ["ab"], false],
    [[String.raw`\d+…`], [String.raw`\d+…`], true],
    [["/srv/*"], ["/srv/a/../../etc"], true],
  ])("with the arguments %j takes %j: %s", (pattern, args, isGranted) => {
    expect(grants(git(...pattern), args)).toBe(isGranted);
  });

  test("without arguments of its own takes any, and no request without them is one for any", () => {
    expect(grants([GIT], ["-c", "alias.x=!id", "x"])).toBe(true);
    expect(grants([GIT])).toBe(true);
    expect(grants(git())).toBe(true);
    expect(grants(git("log"))).toBe(false);
  });

  test("covers no other command, however its name and arguments are cut", () => {
    expect(grants(git("log"), [], "/usr/bin/git/log")).toBe(false);
    expect(grants([GIT], ["git"], "/usr/bin")).toBe(false);
    expect(grants(git("a", "b"), ["a/b"])).toBe(false);
    expect(grants(git("a/b"), ["a", "b"])).toBe(false);
    expect(grants(git("**"), ["x"], "/usr/bin/gi")).toBe(false);
  });

  test("decides as the table of what matches up to where does", () => {
    fc.assert(
      fc.property(arbArgumentPatterns, arbArguments, (pattern, args) => {
        expect(grants(git(...pattern), args)).toBe(coversArguments(pattern, args));
      }),
      { numRuns: 500 },
    );
    const few = fc.string({ unit: fc.constantFrom("a", "b", "/", "é", "\u{10000}"), maxLength: 5 });
    const glob = fc
      .string({ unit: fc.constantFrom("a", "b", "/", "*", "\u{10000}"), maxLength: 6 })
      .map((text) => text.replaceAll(/\*+/g, "*"));
    fc.assert(
      fc.property(
        fc.array(glob, { maxLength: 4 }),
        fc.array(few, { maxLength: 4 }),
        (pattern, args) => {
          expect(grants(git(...pattern), args)).toBe(coversArguments(pattern, args));
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each<[string, unknown]>([
    ["a NUL", ["a\0b"]],
    ["half a character", ["\ud800"]],
    ["no text", [1]],
    ["no list", "log"],
    ["too many", Array.from({ length: 5000 }, () => "a")],
    ["too long", ["a".repeat(100_001)]],
  ])("takes no arguments that no command can get: %s", (_what, args) => {
    expect(grants(["*"], args as string[])).toBe(false);
  });

  test("takes the most arguments that a guest can pass in time that grows as they do", () => {
    const pattern = Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? "**" : "a*a*b"));
    const policy = policyOf([
      { effect: "allow", capability: "subprocess", commands: git(...pattern) },
    ]);
    const cost = (count: number): number => {
      const args = Array.from({ length: count }, () => "a".repeat(20));
      const times = Array.from({ length: 5 }, () => {
        const before = process.cpuUsage();
        for (let round = 0; round < 20; round += 1)
          decide(policy, { capability: "subprocess", operation: "exec", target: GIT, args });
        const { user, system } = process.cpuUsage(before);
        return user + system;
      });
      return Math.min(...times);
    };
    cost(200);
    expect(cost(4000) / cost(200)).toBeLessThan(120);
  });

  test("looks for the middle of a pattern in one argument at a time", () => {
    const policy = policyOf([
      { effect: "allow", capability: "subprocess", commands: git("**", "*ab*", "**") },
    ]);
    const cost = (count: number): number => {
      const args = Array.from({ length: count }, () => "a".repeat(20));
      const times = Array.from({ length: 5 }, () => {
        const before = process.cpuUsage();
        decide(policy, { capability: "subprocess", operation: "exec", target: GIT, args });
        const { user, system } = process.cpuUsage(before);
        return user + system;
      });
      return Math.min(...times);
    };
    cost(500);
    // Eight times as long: with a search in all later arguments, sixty-four times the cost.
    expect(cost(4000) / cost(500)).toBeLessThan(32);
  });

  test("is explained by what its arguments lack, with the rule for these alone", () => {
    const policy = policyOf([
      { effect: "allow", capability: "subprocess", commands: git("log", "**") },
    ]);
    const told = explain(policy, {
      capability: "subprocess",
      operation: "exec",
      target: GIT,
      args: ["push", "a b"],
    });
    expect(told.lack).toEqual({
      rule: "r0",
      what: "arguments",
      wanted: '/usr/bin/git push "a b"',
      has: ["/usr/bin/git log **"],
    });
    expect(told.change?.commands).toEqual([{ path: GIT, args: ["push", "a b"] }]);
    expect(told.message).toContain('of "/usr/bin/git push "a b""');
  });
});

describe("a command line in records", () => {
  test("is read back as it was written", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.array(fc.string({ unit: "grapheme" })),
        (path, args) => {
          fc.pre(commandLine(path, args).length < 1000);
          expect(readCommandLine(commandLine(path, args))).toEqual({ path, args });
        },
      ),
    );
  });

  test("ends soon after what a record shows", () => {
    const args = Array.from({ length: 4000 }, () => "x".repeat(20_000));
    expect(commandLine(GIT, args).length).toBeLessThan(4000);
  });
});

describe("a policy that grants a command which runs others", () => {
  const warned = (commands: unknown, effect = "allow") =>
    parsePolicy({
      version: 1,
      name: "w",
      rules: [{ id: "c", effect, capability: "subprocess", commands }],
    }).warnings;

  test("loads, and warns of it where it stands", () => {
    expect(
      parsePolicy(`
version: 1
name: w
rules:
  - id: c
    effect: allow
    capability: subprocess
    commands:
      - /usr/bin/sha256sum
      - /usr/bin/git
`).warnings,
    ).toEqual([
      {
        path: "rules[0].commands[1]",
        line: 10,
        message:
          "git runs other programs, and any arguments are granted; say which: { path: /usr/bin/git, args: [...] }",
      },
    ]);
  });

  test.each([
    "/bin/sh",
    "/usr/bin/env",
    "/usr/bin/python3.12",
    "/usr/bin/perl5.38.2",
    "/opt/node-24",
    "*",
  ])("%s", (command) => {
    expect(warned([command])).toHaveLength(1);
    expect(warned([command], "deny")).toEqual([]);
  });

  test("does not warn of arguments that begin with what the command shall do", () => {
    expect(warned([{ path: "/usr/bin/git", args: ["log", "**"] }])).toEqual([]);
    expect(warned([{ path: "/usr/bin/git", args: [] }])).toEqual([]);
    expect(warned([{ path: "/usr/bin/git", args: ["**", "log"] }])).toHaveLength(1);
    expect(warned(["/usr/bin/sha256sum", "/bin/cat"])).toEqual([]);
  });

  test("has the hash of its content alone, which warnings are not part of", () => {
    const text = parsePolicy(
      '{"version":1,"name":"w","rules":[{"id":"c","effect":"allow","capability":"subprocess","commands":["/bin/sh"]}]}',
    );
    expect(Object.keys(text)).not.toContain("warnings");
    expect(Object.isFrozen(text.warnings)).toBe(true);
    expect(parsePolicy({ version: 1, name: "w", rules: [] }).warnings).toEqual([]);
  });
});
