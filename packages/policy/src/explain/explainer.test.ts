import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { arbRequest, arbRules, policyOf } from "../testing/arbitraries.ts";
import { RandomPolicies } from "../testing/random-policies.ts";
import {
  commandLine,
  decide,
  denialEvent,
  type DenialInput,
  explain,
  explainer,
  parsePolicy,
  type Policy,
  type Request,
} from "../index.ts";

const policy = parsePolicy({
  version: 1,
  name: "x",
  rules: [
    {
      id: "data",
      effect: "allow",
      capability: "filesystem",
      operations: ["read"],
      paths: ["/home/ann/**"],
    },
    { id: "keys", effect: "deny", capability: "filesystem", paths: ["**/.env"], owner: "security" },
  ],
  limits: { cpu_ms: 250 },
});
const CELL = { cell: "tenant-a", explains: explainer(policy) };

function eventOf(by: Policy, request: Request) {
  const decision = decide(by, request);
  if (decision.effect === "allow") return undefined;
  const { rule: policyRule, reason, nearestRule = null, description, owner } = decision;
  const { capability, operation, target, args } = request;
  return denialEvent({
    cell: "tenant-a",
    capability,
    operation,
    target: capability === "subprocess" && target !== "" ? commandLine(target, args) : target,
    policyRule,
    reason,
    nearestRule,
    ruleDescription: description,
    ruleOwner: owner,
    explains: explainer(by),
  });
}

describe("the explanation of an event", () => {
  test("of any denial is what explain says of its request", () => {
    const agrees = (by: Policy, request: Request): void => {
      const event = eventOf(by, request);
      if (event === undefined || event.target.endsWith("…")) return;
      expect(event.explanation).toBe(explain(by, request).message);
    };
    fc.assert(
      fc.property(arbRules, arbRequest, (rules, request) => agrees(policyOf(rules), request)),
      { numRuns: 300 },
    );
    const random = new RandomPolicies(7);
    for (let round = 0; round < 300; round += 1) {
      const drawn = random.policy();
      agrees(drawn, random.request(drawn));
    }
  });

  test.each<[DenialInput, string]>([
    [
      {
        ...CELL,
        capability: "limit",
        operation: "cpu",
        target: "filesystem read:/x",
        reason: "limit",
        policyRule: "limit.cpu",
      },
      '"limit" "cpu" of "filesystem read:/x": a limit, which no rule can grant: cpu_ms is 250 in the policy, and a call can be given less',
    ],
    [
      {
        ...CELL,
        capability: "filesystem",
        operation: "read",
        target: "x",
        reason: "malformed",
        brokerDecision: "not_evaluated",
      },
      '"filesystem" "read" of "x": the target or an argument of it is not valid, so no rule can grant it',
    ],
    [
      {
        ...CELL,
        capability: "filesystem",
        operation: "read",
        target: "/home/ann/a",
        reason: "kernel",
        brokerDecision: "allow",
        kernelDecision: "deny",
        kernelEvidence: "audit",
        policyRule: "data",
      },
      '"filesystem" "read" of "/home/ann/a": granted by rule "data", and refused by the kernel layer',
    ],
    [
      {
        ...CELL,
        capability: "filesystem",
        operation: "read",
        target: "/a",
        reason: "no_rule",
        brokerDecision: "allow",
        policyRule: "data",
        enforced: false,
      },
      '"filesystem" "read" of "/a": granted by rule "data"',
    ],
    [
      {
        ...CELL,
        capability: "control",
        operation: "reload_policy",
        reason: "auth",
        policyRule: "control.token",
      },
      '"control" "reload_policy" of "": the token is wrong',
    ],
  ])("%#: %j", (input, words) => {
    expect(denialEvent(input).explanation).toBe(words);
  });

  test("can be shown with its texts redacted", () => {
    const event = eventOf(policy, {
      capability: "filesystem",
      operation: "read",
      target: "/home/bob/a",
    });
    const pattern = (text: string): string => text.replace("/home/ann", "~");
    expect(event?.explanationShowing({ target: "~/a", pattern })).toBe(
      '"filesystem" "read" of "~/a": rules grant this operation, but none on this target; the nearest rule "data" lacks the path "~/a": it has "~/**"',
    );
  });

  test("is null without a policy, and where the guard's function throws or gives no text", () => {
    const input = { cell: "c", capability: "filesystem", operation: "read" } as const;
    expect(denialEvent(input).explanation).toBeNull();
    const broken = () => {
      throw new Error("mine");
    };
    expect(denialEvent({ ...input, explains: broken }).explanation).toBeNull();
    expect(denialEvent({ ...input, explains: (() => 7) as never }).explanation).toBeNull();
    expect(denialEvent({ ...input, explains: () => "a\nb" }).explanation).toBe("a\\u{a}b");
    expect(() => denialEvent({ ...input, explains: "because" as never })).toThrow(
      "explains must be a function",
    );
    expect(() => denialEvent({ ...input, explain: explainer(policy) } as never)).toThrow(
      "did you mean explains?",
    );
  });

  test("is made when it is read, not when the event is", () => {
    let calls = 0;
    const explains = () => `${(calls += 1)}`;
    const event = denialEvent({ cell: "c", capability: "filesystem", operation: "read", explains });
    expect(calls).toBe(0);
    expect(JSON.stringify(event)).not.toContain("explanation");
    expect(event.explanation).toBe("1");
  });

  test("quotes a guest's text clean and bounded, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 3000 }), (text) => {
        const words =
          eventOf(policy, { capability: "filesystem", operation: "read", target: `/${text}` })
            ?.explanation ?? "";
        expect(words).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        expect(words.isWellFormed()).toBe(true);
        expect(words.length).toBeLessThan(700);
      }),
    );
  });
});
