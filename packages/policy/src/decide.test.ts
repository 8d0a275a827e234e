import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  arbRequest,
  arbRule,
  arbRules,
  policyOf,
  type RuleDocument,
} from "./testing/arbitraries.ts";
import { decide, OPERATIONS, parsePolicy, type Policy, type Request } from "./index.ts";

const allow = (rule: object): RuleDocument => ({ effect: "allow", ...rule });
const deny = (rule: object): RuleDocument => ({ effect: "deny", ...rule });
const fs = (...paths: string[]) => ({ capability: "filesystem", paths });
const ask = (
  rules: readonly RuleDocument[],
  capability: string,
  operation: string,
  target: string,
) => decide(policyOf(rules), { capability, operation, target });

describe("for every policy and request", () => {
  test("the first deny rule that covers it decides, else the first allow rule, else the default", () => {
    fc.assert(
      fc.property(arbRules, arbRequest, (rules, request) => {
        const decision = decide(policyOf(rules), request);
        const denied = rules.findIndex((rule) => rule.effect === "deny" && denies(rule, request));
        const allowed = rules.findIndex((rule) => rule.effect === "allow" && denies(rule, request));
        expect(decision.effect).toBe(denied < 0 && allowed >= 0 ? "allow" : "deny");
        expect(decision.rule).toBe(
          denied >= 0 ? `r${denied}` : allowed >= 0 ? `r${allowed}` : "default",
        );
      }),
      { numRuns: 1000 },
    );
  });

  test("deny beats allow, whatever the order", () => {
    fc.assert(
      fc.property(arbRules, arbRequest, fc.infiniteStream(fc.nat()), (rules, request, keys) => {
        const shuffled = rules
          .map((rule) => ({ rule, key: keys.next().value as number }))
          .toSorted((one, other) => one.key - other.key)
          .map(({ rule }) => rule);
        const one = decide(policyOf(rules), request);
        const other = decide(policyOf(shuffled), request);
        expect(other.effect).toBe(one.effect);
        expect("reason" in other && other.reason).toBe("reason" in one && one.reason);
        const denied = rules.some((rule) => rule.effect === "deny" && denies(rule, request));
        expect("reason" in one && one.reason === "explicit_deny").toBe(denied);
      }),
    );
  });

  test("another allow rule never takes a permission away, and another deny rule never gives one", () => {
    fc.assert(
      fc.property(arbRules, arbRule, fc.nat(6), arbRequest, (rules, extra, at, request) => {
        const before = decide(policyOf(rules), request).effect;
        const after = decide(policyOf(rules.toSpliced(at, 0, extra)), request).effect;
        const lost = extra.effect === "allow" && before === "allow" && after === "deny";
        const gained = extra.effect === "deny" && before === "deny" && after === "allow";
        expect({ lost, gained }).toEqual({ lost: false, gained: false });
      }),
    );
  });

  test("the same question has the same answer, frozen, and nothing is changed by asking", () => {
    fc.assert(
      fc.property(arbRules, arbRequest, (rules, request) => {
        const policy = policyOf(rules);
        const asked = Object.freeze({ ...request });
        const decision = decide(policy, asked);
        expect(decide(policy, asked)).toBe(decision);
        expect(Object.isFrozen(decision)).toBe(true);
      }),
    );
  });

  test("a reason says what the rules say", () => {
    fc.assert(
      fc.property(arbRules, arbRequest, (rules, request) => {
        const decision = decide(policyOf(rules), request);
        if (decision.effect === "allow" || decision.reason === "explicit_deny") return;
        const allows = rules.filter(
          (rule) => rule.effect === "allow" && rule["capability"] === request.capability,
        );
        const grants = allows.some((rule) => speaksOf(rule, request));
        const covers = allows.some((rule) => denies({ ...rule, operations: undefined }, request));
        const byRules = covers ? "wrong_operation" : grants ? "outside_scope" : "no_rule";
        const lacked = covers ? "operation" : grants ? "scope" : undefined;
        // Of a declared capability, a target that is none is said to be malformed, and no rule came near to it.
        const isMalformed = isOwn(request.capability) && /\p{Cc}/u.test(request.target);
        expect(decision.reason).toBe(isMalformed ? "malformed" : byRules);
        expect(decision.nearestRule?.lacked).toBe(isMalformed ? undefined : lacked);
      }),
    );
  });

  const isOwn = (capability: string): boolean => !Object.hasOwn(OPERATIONS, capability);

  function speaksOf(rule: RuleDocument, request: Request): boolean {
    const operations = rule["operations"] as string[] | undefined;
    return operations === undefined || operations.includes(request.operation);
  }

  /** Whether the rule, as a deny rule, denies: a way to ask what it covers. */
  function denies(rule: RuleDocument, request: Request): boolean {
    const decision = decide(policyOf([{ ...rule, effect: "deny" }]), request);
    return "reason" in decision && decision.reason === "explicit_deny";
  }
});

describe("whatever a caller in JavaScript passes in", () => {
  const isAbsolute = (text: unknown) => typeof text === "string" && text.startsWith("/");
  const policy = policyOf([allow(fs("/**")), allow({ capability: "random" })]);
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error("no");
      },
    },
  );

  test("decide does not throw, and denies", () => {
    fc.assert(
      fc.property(fc.anything({ withProxy: false } as object), (garbage) => {
        expect(decide(policy, garbage as Request).effect).toBe("deny");
        expect(
          decide(garbage as Policy, { capability: "random", operation: "read", target: "" }).effect,
        ).toBe("deny");
        for (const field of ["capability", "operation", "target"]) {
          // A text that begins with `/` is a target like any other, and may be granted.
          if (field === "target" && isAbsolute(garbage)) continue;
          const request = {
            capability: "filesystem",
            operation: "read",
            target: "relative",
            [field]: garbage,
          };
          expect(decide(policy, request as Request).effect).toBe("deny");
        }
      }),
    );
    expect(decide(policy, hostile as Request).effect).toBe("deny");
    expect(decide(hostile as Policy, hostile as Request).effect).toBe("deny");
    expect(decide(policy, undefined as unknown as Request).effect).toBe("deny");
  });

  test("a copy of a policy decides nothing", () => {
    expect(
      decide({ ...policy }, { capability: "random", operation: "read", target: "" }).effect,
    ).toBe("deny");
  });

  test("names of the object prototype are not capabilities or operations", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      expect(decide(policy, { capability: name, operation: name, target: "/a" })).toEqual({
        effect: "deny",
        rule: "default",
        reason: "no_rule",
      });
    }
  });

  test("any text as target is decided without throwing, and only a real path is allowed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (tail) => {
        const target = `/${tail}`;
        const decision = decide(policy, { capability: "filesystem", operation: "read", target });
        const segments = target.slice(1).replace(/\/$/, "").split("/");
        const real =
          target === "/" ||
          (!target.includes("\0") &&
            segments.every((part) => part !== "" && part !== "." && part !== ".."));
        expect(decision.effect).toBe(real ? "allow" : "deny");
      }),
    );
  });
});

describe("control and limits", () => {
  test("are denied, whatever the policy allows", () => {
    const rules = [
      allow(fs("/**")),
      allow({ capability: "random" }),
      allow({ capability: "network", hosts: ["*:*"] }),
    ];
    expect(ask(rules, "control", "reload_policy", "").effect).toBe("deny");
    expect(ask(rules, "limit", "cpu", "").effect).toBe("deny");
  });
});

describe("a path", () => {
  const data = [allow(fs("/srv/data/**"))];

  test.each([
    ["/srv/data"],
    ["/srv/data/"],
    ["/srv/data/x"],
    ["/srv/data/.hidden"],
    ["/srv/data/a/b/c"],
    ["/srv/data/..."],
    ["/srv/data/..x"],
    ["/srv/data/a b\n"],
  ])("%j is covered by /srv/data/**", (path) => {
    expect(ask(data, "filesystem", "read", path)).toEqual({ effect: "allow", rule: "r0" });
  });

  test.each([
    ["/srv/database"],
    ["/srv/dat"],
    ["/srv"],
    ["/"],
    [""],
    ["srv/data/x"],
    ["/SRV/DATA/x"],
    ["/srv/data/../secret"],
    ["/srv/data/.."],
    ["/srv/data/."],
    ["/srv/data/./x"],
    ["/srv/data//x"],
    ["//srv/data/x"],
    ["/srv/data/x//"],
    ["/srv/data/x\0.txt"],
    ["/srv/data/\ud800"],
    [`/srv/data/${"x".repeat(4096)}`],
    ["/srv/data\\x"],
  ])("%j is not", (path) => {
    expect(ask(data, "filesystem", "read", path)).toMatchObject({
      effect: "deny",
      reason: "outside_scope",
    });
  });

  test("that is malformed is denied by a deny rule without a scope in that rule's name", () => {
    expect(ask([deny({ capability: "filesystem" })], "filesystem", "read", "/a/../b")).toEqual({
      effect: "deny",
      rule: "r0",
      reason: "explicit_deny",
    });
  });

  test("with a final slash does not escape a deny rule", () => {
    const rules = [allow(fs("/**")), deny(fs("/secret", "**/.env"))];
    for (const path of ["/secret", "/secret/", "/a/.env", "/a/.env/"]) {
      expect(ask(rules, "filesystem", "list", path)).toMatchObject({
        rule: "r1",
        reason: "explicit_deny",
      });
    }
  });
});

describe("a host", () => {
  const at = (pattern: string, target: string) =>
    ask([allow({ capability: "network", hosts: [pattern] })], "network", "connect", target).effect;

  test.each([
    ["api.example.com:443", "API.example.com.:443"],
    ["API.Example.com:443", "api.example.com:443"],
    ["127.0.0.1:*", "127.1:80"],
    ["127.1:80", "127.0.0.1:80"],
    ["127.0.0.1:80", "2130706433:80"],
    ["127.0.0.1:80", "0x7f.0.0.01:080"],
    ["127.0.0.1:80", "[::ffff:7f00:1]:80"],
    ["[::1]:80", "[0:0:0:0:0:0:0:1]:80"],
    ["bücher.example:443", "xn--bcher-kva.example:443"],
    ["*.example.com:443", "a.example.com:443"],
    ["*.example.com:*", "a.b.example.com:1"],
    ["10.0.0.0/8:*", "10.255.0.1:22"],
    ["10.0.0.0/8:443", "[::ffff:10.1.1.1]:443"],
    ["[fd00::]/8:*", "[fdff::1]:22"],
    ["0.0.0.0/0:*", "8.8.8.8:53"],
    ["*:443", "anything.example:443"],
    ["*:*", "[::1]:1"],
  ])("%s covers %s", (pattern, target) => {
    expect(at(pattern, target)).toBe("allow");
  });

  test.each([
    ["api.example.com:443", "api.example.com:80"],
    ["api.example.com:443", "api.example.com"],
    ["api.example.com:443", "xapi.example.com:443"],
    ["api.example.com:443", "api.example.com.evil.example:443"],
    ["*.example.com:443", "example.com:443"],
    ["*.example.com:443", "evilexample.com:443"],
    ["10.0.0.0/8:*", "11.0.0.1:22"],
    ["10.0.0.0/8:*", "10.example.com:22"],
    ["10.0.0.0/8:*", "[a00::]:22"],
    ["0.0.0.0/0:*", "[::1]:53"],
    ["[fd00::]/8:*", "[fe00::1]:22"],
    ["*:*", "::1:80"],
    ["*:*", "[fe80::1%25eth0]:80"],
    ["*:*", "a b:80"],
    ["*:*", "user@host:80"],
    ["*:*", "host:0"],
    ["*:*", "host:65536"],
    ["*:*", "host:80x"],
    ["*:*", ":80"],
    ["*:443", "host:1443"],
    ["*:*", "*:*"],
  ])("%s does not cover %s", (pattern, target) => {
    expect(at(pattern, target)).toBe("deny");
  });
});

describe("a module", () => {
  test("is the same with and without node:, for a deny rule too", () => {
    const rules = [
      allow({ capability: "import", modules: ["*"] }),
      deny({ capability: "import", modules: ["child_process"] }),
    ];
    expect(ask(rules, "import", "load", "node:child_process").effect).toBe("deny");
    expect(ask(rules, "import", "load", "child_process").effect).toBe("deny");
    expect(ask(rules, "import", "load", "lodash").effect).toBe("allow");
  });

  test.each([
    ["../x"],
    ["./x"],
    ["/etc/x"],
    ["a/../b"],
    ["file:///x"],
    ["file:tmp/x.mjs"],
    ["https:evil.example/x.mjs"],
    ["npm:left-pad"],
    ["C:/x.mjs"],
    ["NODE:fs"],
    ["node:node:fs"],
    ["node:../x"],
    ["node:/x"],
    ["lodash:fp"],
    ["x".repeat(257)],
    [""],
    ["a\0"],
    ["a b"],
  ])("that is not a name, %j, is never granted", (name) => {
    expect(
      ask([allow({ capability: "import", modules: ["*"] })], "import", "load", name).effect,
    ).toBe("deny");
  });
});

describe("the nearest rule", () => {
  test("shares the longest start with a path", () => {
    const rules = [
      allow(fs("/etc/**")),
      allow(fs("/srv/data/**", "/x")),
      allow(fs("/srv/**/deep")),
    ];
    expect(ask(rules, "filesystem", "read", "/srv/date")).toMatchObject({
      nearestRule: { id: "r1", lacked: "scope" },
    });
  });

  test("of equals is the first", () => {
    expect(ask([allow(fs("/a")), allow(fs("/b"))], "filesystem", "read", "/c")).toMatchObject({
      nearestRule: { id: "r0" },
    });
  });

  test("for a host is the same host at another port, then the one with the longest common end", () => {
    const hosts = (...names: string[]) => allow({ capability: "network", hosts: names });
    const rules = [
      hosts("api.example.com:443"),
      hosts("www.example.com:443"),
      hosts("other.org:1"),
    ];
    expect(ask(rules, "network", "connect", "www.example.com:80")).toMatchObject({
      nearestRule: { id: "r1" },
    });
    expect(ask(rules, "network", "connect", "x.other.org:80")).toMatchObject({
      nearestRule: { id: "r2" },
    });
  });

  test("that covers the target comes before one that grants the operation", () => {
    const rules = [
      allow({ ...fs("/a"), operations: ["write"] }),
      allow({ ...fs("/b"), operations: ["read"] }),
    ];
    expect(ask(rules, "filesystem", "read", "/a")).toEqual({
      effect: "deny",
      rule: "default",
      reason: "wrong_operation",
      nearestRule: { id: "r0", lacked: "operation" },
    });
  });
});

test("an empty policy denies everything", () => {
  const empty = parsePolicy({ version: 1, name: "empty", rules: [] });
  fc.assert(
    fc.property(arbRequest, (request) => {
      expect(decide(empty, request)).toEqual({
        effect: "deny",
        rule: "default",
        reason: "no_rule",
      });
    }),
  );
});
