import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { arbRequest, arbRules, policyOf } from "../testing/arbitraries.ts";
import { RandomPolicies } from "../testing/random-policies.ts";
import { decide, explain, parsePolicy, type Policy, type Request } from "../index.ts";

const policy = parsePolicy({
  version: 1,
  name: "x",
  rules: [
    {
      id: "data",
      effect: "allow",
      capability: "filesystem",
      operations: ["read"],
      paths: ["/srv/data/**"],
    },
    { id: "dotenv", effect: "deny", capability: "filesystem", paths: ["**/.env"] },
    { id: "api", effect: "allow", capability: "network", hosts: ["api.example.com:443"] },
    {
      id: "allow-filesystem-read",
      effect: "allow",
      capability: "filesystem",
      operations: ["stat"],
      paths: ["/"],
    },
  ],
});

const why = (capability: string, operation: string, target: string) =>
  explain(policy, { capability, operation, target });

describe("an explanation", () => {
  test.each<[string, string, string, string, object | undefined, string]>([
    ["filesystem", "read", "/srv/data/a", "granted", undefined, 'granted by rule "data"'],
    [
      "filesystem",
      "write",
      "/srv/data/a",
      "operation_not_granted",
      { rule: "data", what: "operation", wanted: "write", has: ["read"] },
      'lacks the operation "write": it has "read"',
    ],
    [
      "filesystem",
      "read",
      "/srv/date",
      "outside_scope",
      { rule: "data", what: "path", wanted: "/srv/date", has: ["/srv/data/**"] },
      'lacks the path "/srv/date": it has "/srv/data/**"',
    ],
    [
      "network",
      "connect",
      "api.example.com:80",
      "outside_scope",
      { rule: "api", what: "port", wanted: "api.example.com:80", has: ["api.example.com:443"] },
      "lacks the port",
    ],
    [
      "network",
      "connect",
      "API.example.org:80",
      "outside_scope",
      { rule: "api", what: "host", wanted: "api.example.org:80", has: ["api.example.com:443"] },
      "lacks the host",
    ],
    [
      "filesystem",
      "read",
      "/srv/data/.env",
      "refused_by_rule",
      undefined,
      'refused by rule "dotenv"',
    ],
    ["subprocess", "exec", "/usr/bin/git", "no_rule", undefined, "no rule grants this operation"],
    [
      "filesystem",
      "read",
      "../x",
      "malformed",
      undefined,
      "the target or an argument of it is not valid",
    ],
    ["control", "reload_policy", "", "not_grantable", undefined, "no policy can grant this"],
    ["toString", "read", "", "not_grantable", undefined, "no policy can grant this"],
  ])("of %s %s of %s says: %s", (capability, operation, target, cause, lack, words) => {
    const told = why(capability, operation, target);
    expect(told.cause).toBe(cause);
    expect(told.lack).toEqual(lack);
    expect(told.message).toContain(words);
  });

  test("gives the rule that would grant it, under an id that is free", () => {
    expect(why("filesystem", "read", "/etc/hosts").change).toEqual({
      id: "allow-filesystem-read-2",
      effect: "allow",
      capability: "filesystem",
      operations: ["read"],
      paths: ["/etc/hosts"],
    });
    expect(why("network", "connect", "[0::1]:080").change).toMatchObject({ hosts: ["[::1]:80"] });
    expect(why("filesystem", "read", "/srv/data/.env").change).toBeUndefined();
    expect(why("filesystem", "read", "/etc/*").change).toBeUndefined();
    expect(why("filesystem", "read", "/etc/[a]").change).toBeUndefined();
  });

  test("quotes a guest's text clean and short", () => {
    const { message } = why("filesystem", "read", `/\u001b[31m\n${"x".repeat(3000)}`);
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(message.length).toBeLessThan(500);
  });
});

describe("for every policy and request", () => {
  test("the change grants the request, and no other request that was not granted", () => {
    fc.assert(
      fc.property(arbRules, arbRequest, fc.array(arbRequest), (rules, request, others) => {
        proves(policyOf(rules), request, others);
      }),
      { numRuns: 1000 },
    );
    const random = new RandomPolicies(5);
    for (let round = 0; round < 300; round += 1) {
      const drawn = random.policy();
      const others = Array.from({ length: 10 }, () => random.request(drawn));
      proves(drawn, random.request(drawn), others);
    }
  });

  function proves(before: Policy, request: Request, others: readonly Request[]): void {
    const { change, decision, lack } = explain(before, request);
    expect(decision).toBe(decide(before, request));
    expect(lack?.rule).toBe(
      "nearestRule" in decision && lack ? decision.nearestRule?.id : undefined,
    );
    if (change === undefined) return;
    const { capabilities, rules } = before;
    const after = parsePolicy({
      version: 1,
      name: "after",
      capabilities,
      rules: [...rules, change],
    });
    expect(decision.effect).toBe("deny");
    expect(decide(after, request)).toEqual({ effect: "allow", rule: change.id });
    for (const other of others) {
      const said = decide(after, other);
      // What the new rule grants is another spelling of the same target, or the same request.
      const isSame = JSON.stringify(explain(before, other).change) === JSON.stringify(change);
      expect(said.effect).toBe(isSame ? "allow" : decide(before, other).effect);
    }
  }

  test("whatever a request holds, explain does not throw", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (capability, operation, target) => {
        const request = { capability, operation, target } as Request;
        expect(explain(policy, request).decision.effect).toBe("deny");
      }),
      { numRuns: 2000, examples: [[[{ toString: 0 }], 0, {}]] },
    );
  });
});
