import { expect, test } from "vitest";

import {
  addRules,
  decide,
  denialEvent,
  explain,
  InvalidPolicyError,
  parseDenialEvent,
  parsePolicy,
  type Policy,
  policyFor,
  type Request,
} from "./index.ts";

const POLICY = `version: 1
name: plugins
default: { description: "Plugins get what their manifest asks for", owner: plugins@example.com }
capabilities: { database: [query] }
rules:
  - { id: data, effect: allow, capability: filesystem, operations: [read], paths: ["/srv/data/**", "/srv/\${cell}/*"], description: Published tables, owner: data-team }
  - { id: dotenv, effect: deny, capability: filesystem, paths: ["**/.env"], description: "Secrets: \\"never\\" a guest's" }
  - { id: rng, effect: allow, capability: random }
  - { id: crm, effect: allow, capability: database, targets: ["crm.*"], owner: crm }
`;
const read = (target: string, operation: "read" | "write" = "read"): Request => ({
  capability: "filesystem",
  operation,
  target,
});
const BY_DEFAULT = {
  description: "Plugins get what their manifest asks for",
  owner: "plugins@example.com",
};

test("a decision names what the policy says of the rule that decides, or of its default", () => {
  for (const policy of [parsePolicy(POLICY), policyFor(parsePolicy(POLICY), "tenant-a")]) {
    const notes = (request: Request) => {
      const { rule, description, owner } = decide(policy, request);
      return [rule, description, owner];
    };
    const byDefault = ["default", BY_DEFAULT.description, BY_DEFAULT.owner];
    expect(notes(read("/srv/data/a"))).toEqual(["data", "Published tables", "data-team"]);
    expect(notes(read("/srv/data/.env"))).toEqual([
      "dotenv",
      'Secrets: "never" a guest\'s',
      undefined,
    ]);
    expect(notes(read("/etc/passwd"))).toEqual(byDefault);
    expect(notes(read("/srv/data/a", "write"))).toEqual(byDefault);
    expect(notes({ capability: "network", operation: "connect", target: "a:1" })).toEqual(
      byDefault,
    );
    expect(notes({ capability: "database", operation: "query", target: 7 as never })).toEqual(
      byDefault,
    );
    expect(notes({ capability: "database", operation: "query", target: "hr.pay" })).toEqual(
      byDefault,
    );
    expect(notes({ capability: "random", operation: "read", target: "" })).toEqual([
      "rng",
      undefined,
      undefined,
    ]);
  }
  const silent = parsePolicy({ version: 1, name: "x", rules: [] });
  expect(decide(silent, read("/a"))).toEqual({
    effect: "deny",
    rule: "default",
    reason: "no_rule",
  });
  expect(Object.keys(decide(silent, read("/a")))).toEqual(["effect", "rule", "reason"]);
});

test("an explanation says it", () => {
  const policy = parsePolicy(POLICY);
  expect(explain(policy, read("/srv/data/.env")).message).toContain(
    `refused by rule "dotenv", which denies; no rule that is added can grant it, described as "Secrets: "never" a guest's"`,
  );
  expect(explain(policy, read("/etc/passwd")).message).toMatch(
    /but none on this target, described as "Plugins get .*", owned by "plugins@example.com"; the nearest rule "data"/,
  );
});

test.each([
  ["deny", undefined],
  [{}, undefined],
  [{ effect: "deny" }, undefined],
  [{ effect: "deny", owner: "ops" }, { owner: "ops" }],
  [{ description: "Because." }, { description: "Because." }],
])("the default may be written as %j", (written, notes) => {
  const document = { version: 1, name: "x", rules: [] };
  const policy = parsePolicy({ ...document, default: written });
  expect(policy.default).toEqual(notes);
  const isSilent = notes === undefined;
  expect(policy.hash === parsePolicy(document).hash).toBe(isSilent);
  expect("default" in policy).toBe(!isSilent);
  expect(Object.isFrozen(policy.default)).toBe(true);
});

const rule = { id: "a", effect: "deny", capability: "random" };
test.each<[object, string, RegExp]>([
  [
    { default: "allow" },
    "default",
    /"allow" cannot be the default: .*Write a rule for what is to be allowed/,
  ],
  [{ default: { effect: "allow" } }, "default", /"allow" cannot be the default/],
  [{ default: { reason: "x" } }, "default.reason", /known: description, owner/],
  [{ default: { ownr: "ops" } }, "default.ownr", /did you mean "owner"/],
  [{ default: ["deny"] }, "default", /a list cannot be the default/],
  [{ defaults: "deny" }, "defaults", /did you mean "default"/],
  [{ rules: [{ ...rule, description: "" }] }, "rules[0].description", /1 to 300 visible/],
  [{ rules: [{ ...rule, description: "a".repeat(301) }] }, "rules[0].description", /1 to 300/],
  [{ rules: [{ ...rule, description: "two\nlines" }] }, "rules[0].description", /one line/],
  [{ rules: [{ ...rule, owner: "\u202Eevil" }] }, "rules[0].owner", /visible characters/],
  [{ rules: [{ ...rule, owner: 7 }] }, "rules[0].owner", /7|number/],
  [{ rules: [{ ...rule, ownr: "ops" }] }, "rules[0].ownr", /did you mean "owner"/],
])("%j is refused, with its place and what to write", (change, path, message) => {
  let error: unknown;
  try {
    parsePolicy({ version: 1, name: "x", rules: [], ...change });
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof InvalidPolicyError)) throw new Error("was accepted");
  expect(error.issues).toHaveLength(1);
  expect(error.issues[0]?.path).toContain(path);
  expect(error.issues[0]?.message).toMatch(message);
});

test("rules that are added keep the notes of the policy and have their own", () => {
  const added = addRules(POLICY, [
    {
      id: "more",
      effect: "allow",
      capability: "filesystem",
      operations: ["read"],
      paths: ["/srv/more"],
      description: 'Asked for, "because": yes',
      owner: "data-team",
    },
  ]);
  expect(added.startsWith(POLICY)).toBe(true);
  const policy: Policy = parsePolicy(added);
  expect(policy.default).toEqual(BY_DEFAULT);
  expect(policy.rules.at(-1)).toMatchObject({
    description: 'Asked for, "because": yes',
    owner: "data-team",
  });
});

test("an event carries the notes as clean text, in JSON only where there are any, and comes back", () => {
  const fields = { cell: "a", capability: "filesystem", operation: "read" } as const;
  const plain = denialEvent({ ...fields, ruleDescription: "", ruleOwner: null });
  expect([plain.ruleDescription, plain.ruleOwner]).toEqual([null, null]);
  expect(JSON.stringify(plain)).not.toMatch(/rule_description|rule_owner/);
  const told = denialEvent({ ...fields, ruleDescription: "a\nb", ruleOwner: "o".repeat(200) });
  expect(told.toJSON()).toMatchObject({
    rule_description: String.raw`a\u{a}b`,
    rule_owner: `${"o".repeat(99)}…`,
  });
  for (const event of [plain, told])
    expect(parseDenialEvent(JSON.stringify(event)).toJSON()).toEqual(event.toJSON());
  for (const change of [{ rule_owner: "" }, { rule_owner: null }, { rule_description: "a\nb" }])
    expect(() => parseDenialEvent({ ...told.toJSON(), ...change })).toThrow(/rule_(owner|descr)/);
  expect(() => denialEvent({ ...fields, ruleOwner: 7 as never })).toThrow("ruleOwner must be text");
});
