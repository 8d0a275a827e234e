import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { decide, isForEachCell, parsePolicy, policyFor, type Policy } from "./index.ts";

const policyWith = (...rules: object[]): Policy =>
  parsePolicy({
    version: 1,
    name: "tenants",
    rules: rules.map((rule, at) => ({ id: `r${at}`, capability: "filesystem", ...rule })),
  });
const tenants = policyWith(
  { effect: "allow", paths: ["/srv/tenants/${cell}/**", "/var/log/${cell}.log"] },
  { effect: "deny", operations: ["read"], paths: ["**/${cell}-secret"] },
  { effect: "allow", operations: ["read"], paths: ["/srv/shared/**"] },
);

const reads = (policy: Policy, target: string): boolean =>
  decide(policy, { capability: "filesystem", operation: "read", target }).effect === "allow";

/** The policy of a cell of this name; undefined if the name is refused as it must be. */
function boundOrRefused(name: string): Policy | undefined {
  try {
    return policyFor(tenants, name);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

describe("a policy with ${cell} in its paths", () => {
  test("grants each cell what is its own, and what all have", () => {
    const bound = policyFor(tenants, "acme");
    expect(reads(bound, "/srv/tenants/acme/a")).toBe(true);
    expect(reads(bound, "/srv/tenants/acme")).toBe(true);
    expect(reads(bound, "/var/log/acme.log")).toBe(true);
    expect(reads(bound, "/srv/shared/a")).toBe(true);
    expect(reads(bound, "/srv/tenants/other/a")).toBe(false);
    expect(reads(bound, "/srv/tenants/acme2/a")).toBe(false);
    expect(reads(bound, "/srv/shared/acme-secret")).toBe(false);
    expect(reads(bound, "/srv/shared/other-secret")).toBe(true);
  });

  test("keeps its name, its hash and its warnings", () => {
    const bound = policyFor(tenants, "acme");
    expect(bound).toMatchObject({ name: tenants.name, hash: tenants.hash });
    expect(bound.warnings).toBe(tenants.warnings);
    expect(bound.rules[0]?.paths).toEqual(["/srv/tenants/acme/**", "/var/log/acme.log"]);
    expect(isForEachCell(tenants)).toBe(true);
    expect(isForEachCell(bound)).toBe(false);
    expect(policyFor(bound, "any/name")).toBe(bound);
  });

  test("fails closed where it is not bound: it allows no cell's paths, and denies those of any", () => {
    expect(reads(tenants, "/srv/tenants/acme/a")).toBe(false);
    expect(reads(tenants, "/srv/tenants/${cell}/a")).toBe(false);
    expect(reads(tenants, "/srv/shared/a")).toBe(true);
    expect(reads(tenants, "/srv/shared/other-secret")).toBe(false);
  });

  test.each([
    "..",
    ".",
    "",
    "a/b",
    "/",
    "a*",
    "**",
    "a?",
    "[a]",
    "{a}",
    "${cell}",
    "a\\b",
    "a\nb",
    "\u202e",
    "\0",
  ])("is bound to no name that would be another path or a pattern: %j", (name) => {
    expect(() => policyFor(tenants, name)).toThrow(TypeError);
    expect(() => policyFor(tenants, name)).toThrow("has ${cell} in its paths");
  });

  test("lets no name reach what another one owns", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom("a", "b", ".", "/", "*", "$", "&", "{", "é", " "),
          maxLength: 6,
        }),
        fc.string({ unit: fc.constantFrom("a", "b", ".", "x"), minLength: 1, maxLength: 4 }),
        (name, other) => {
          fc.pre(name !== other && other !== "." && other !== "..");
          const bound = boundOrRefused(name);
          expect(bound !== undefined && reads(bound, `/srv/tenants/${other}/a`)).toBe(false);
          expect(bound === undefined || reads(bound, `/srv/tenants/${name}/a`)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test.each([
  ["/srv/${tenant}/x", 'has "${tenant}"; only ${cell}, the cell\'s name, is replaced in a path'],
  ["/srv/${cell}*/[x]", 'has "["'],
  ["${cell}/x", "is relative"],
])("a path %j is a mistake that is named", (path, message) => {
  expect(() => policyWith({ effect: "allow", paths: [path] })).toThrow(message);
});
