import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { arbRequest, arbRules, policyOf, type RuleDocument } from "./testing/arbitraries.ts";
import { linearDecide } from "./testing/linear-decide.ts";
import { RandomPolicies } from "./testing/random-policies.ts";
import { decide, type Policy, type Request } from "./index.ts";

// The index against each rule in turn: the same effect, rule, reason and nearest rule.

/** How many random requests are compared; more by hand: DECIDE_REQUESTS=2000000. */
const REQUESTS = Number(process.env["DECIDE_REQUESTS"] ?? 8_000);

test("the index says what asking each rule says, for drawn policies", () => {
  fc.assert(
    fc.property(arbRules, fc.array(arbRequest, { maxLength: 10 }), (rules, requests) => {
      const policy = policyOf(rules);
      const linear = linearDecide(policy);
      for (const request of requests) {
        expect(decide(policy, request)).toEqual(linear(request));
      }
    }),
    { numRuns: 500 },
  );
});

test("so it does for policies of many rules and near misses of their patterns", () => {
  const random = new RandomPolicies(Number(process.env["DECIDE_SEED"] ?? 20_261_127));
  for (let left = REQUESTS; left > 0;) {
    const policy = random.policy();
    const linear = linearDecide(policy);
    for (let at = 0; at < 200 && left > 0; at += 1, left -= 1) {
      const request = random.request(policy);
      const [said, wanted] = [decide(policy, request), linear(request)];
      if (JSON.stringify(said) === JSON.stringify(wanted)) continue;
      expect({ request, said, rules: policy.rules }).toEqual({ request, said: wanted });
    }
  }
}, 3_600_000);

describe("a decision", () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => at);
  /** CPU time and not wall time: the longer a measurement is, the more often others interrupt it. */
  const cost = (policy: Policy, requests: readonly Request[], rounds = 200): number => {
    const times = names(7).map(() => {
      const before = process.cpuUsage();
      for (let round = 0; round < rounds; round += 1) {
        for (const request of requests) decide(policy, request);
      }
      const { user, system } = process.cpuUsage(before);
      return (user + system) / rounds;
    });
    return Math.min(...times);
  };
  const read = (target: string): Request => ({
    capability: "filesystem",
    operation: "read",
    target,
  });
  const connect = (target: string): Request => ({
    capability: "network",
    operation: "connect",
    target,
  });

  const exec: Request = { capability: "subprocess", operation: "exec", target: "/usr/bin/x" };
  const query = (target: string): Request => ({
    capability: "database",
    operation: "query",
    target,
  });

  const kinds: [string, (at: number) => RuleDocument, readonly Request[]][] = [
    [
      "folders",
      (at) => ({ effect: "allow", capability: "filesystem", paths: [`/srv/t${at}/data/**`] }),
      [read("/srv/t5/data/a"), read("/srv/t5/date/a"), read("/etc/shadow")],
    ],
    [
      "names in any folder",
      (at) => ({ effect: "deny", capability: "filesystem", paths: [`**/.secret-${at}`] }),
      [read("/srv/a/.secret-5"), read("/srv/a/.secret-x")],
    ],
    [
      "folders behind a star",
      (at) => ({ effect: "allow", capability: "filesystem", paths: [`/srv/*/t${at}/**`] }),
      [read("/srv/eu/t5/a"), read("/srv/eu/x/a")],
    ],
    [
      "endings of names",
      (at) => ({ effect: "allow", capability: "filesystem", paths: [`/srv/*.type${at}`] }),
      [read("/srv/a.type5"), read("/srv/a.typex")],
    ],
    [
      "names that a text between stars tells apart",
      (at) => ({ effect: "allow", capability: "filesystem", paths: [`/srv/log-*-t${at}-*.gz`] }),
      [read("/srv/log-a-t5-b.gz"), read("/srv/log-a-tx-b.gz")],
    ],
    [
      "options that begin anywhere",
      (at) => ({
        effect: "deny",
        capability: "subprocess",
        commands: [{ path: "/usr/bin/x", args: ["**", `--*-t${at}=*`, "**"] }],
      }),
      [
        { ...exec, args: ["-v", "--out-t5=a", "b"] },
        { ...exec, args: ["-v", "--out-tx=a", "b"] },
      ],
    ],
    [
      "hosts",
      (at) => ({ effect: "allow", capability: "network", hosts: [`h${at}.example.com:443`] }),
      [connect("h5.example.com:443"), connect("h5.example.com:80"), connect("x.example.org:1")],
    ],
    [
      "names below hosts",
      (at) => ({ effect: "allow", capability: "network", hosts: [`*.h${at}.example.com:*`] }),
      [connect("a.h5.example.com:443"), connect("a.example.org:80")],
    ],
    [
      "blocks of addresses",
      (at) => ({
        effect: "allow",
        capability: "network",
        hosts: [`10.${at >> 8}.${at & 255}.0/24:*`],
      }),
      [connect("10.0.5.1:443"), connect("11.0.5.1:443")],
    ],
    [
      "targets",
      (at) => ({ effect: "allow", capability: "database", targets: [`t${at}.reports.**`] }),
      [query("t5.reports.daily"), query("t5.report"), query("x.daily")],
    ],
    [
      "endings of targets",
      (at) => ({ effect: "deny", capability: "database", targets: [`**.secret-${at}`] }),
      [query("a.b.secret-5"), query("a.b.secret-x")],
    ],
    [
      "targets behind a star",
      (at) => ({ effect: "allow", capability: "database", targets: [`eu.*.t${at}.**`] }),
      [query("eu.shop.t5.a"), query("eu.shop.x.a")],
    ],
  ];

  test.each(kinds)("of %s costs the same with 10 rules and with 2,000", (_name, rule, requests) => {
    const few = policyOf(names(10).map(rule));
    const many = policyOf(names(2000).map(rule));
    expect(cost(many, requests, 5_000) / cost(few, requests, 5_000)).toBeLessThan(6);
  });

  test.each<[string, string, (length: number) => string]>([
    ["a pattern of many **", `/${"**/a/".repeat(500)}b`, (length) => "/a".repeat(length)],
    ["segments that begin as a pattern does", "**/a/**/a/**/b", (length) => "/a".repeat(length)],
    [
      "segments that a star tries everywhere",
      "/**/*a*a*a*b/**",
      (length) => `/${"a".repeat(length)}`,
    ],
    [
      "a text between stars that occurs everywhere",
      "/*a*b*/x",
      (length) => `/${"ab".repeat(length / 2)}`,
    ],
    ["one long segment", "/*/x", (length) => `/${"a".repeat(length)}`],
    ["the deepest path", "/a/**/c", (length) => "/a".repeat(length)],
  ])("on %s grows no faster than the target", (_name, pattern, target) => {
    const policy = policyOf([{ effect: "deny", capability: "filesystem", paths: [pattern] }]);
    // From a buffer: a string that was put together is read more slowly, and guests' targets are not.
    const ask = (length: number) => [read(Buffer.from(target(length)).toString())];
    // Twenty times as long: quadratic would be four hundred times the cost.
    expect(cost(policy, ask(2000), 100) / cost(policy, ask(100), 2000)).toBeLessThan(120);
  });

  test.each<[string, string, (length: number) => string]>([
    ["a pattern of many **", `${"**a".repeat(170)}b`, (length) => "a".repeat(length)],
    ["a pattern of many *", `${"*a".repeat(250)}b`, (length) => "a".repeat(length)],
    ["a text that begins anywhere", `**${"a".repeat(500)}b`, (length) => "a".repeat(length)],
    ["the deepest target", "a.**.c", (length) => "a.".repeat(length / 2)],
  ])("on a target and %s grows no faster than the target", (_name, pattern, target) => {
    const policy = policyOf([{ effect: "deny", capability: "database", targets: [pattern] }]);
    const ask = (length: number) => [query(Buffer.from(target(length)).toString())];
    // Two lengths at which all of the pattern's places are in use. Quadratic would be sixteen times the cost, linear is four.
    expect(cost(policy, ask(4000), 5) / cost(policy, ask(1000), 20)).toBeLessThan(10);
  });
});
