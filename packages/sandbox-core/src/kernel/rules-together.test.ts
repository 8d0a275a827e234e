import { type OperationName, parsePolicy, type Policy, type Rule } from "@pyisolate/policy";
import fc from "fast-check";
import { expect, test } from "vitest";

import { treesOf } from "./pattern-to-trees.ts";
import { rulesOf } from "./planned-rule.ts";
import { type Port, PortIndex } from "./port-index.ts";
import { isWithin } from "./rights.ts";
import { bitsOf, treeIndex } from "./tree-index.ts";

// What the indexes find is compared with what asking each rule in turn finds.

const OPERATIONS = ["read", "write", "list", "stat", "remove"] as const;
const operations = fc.subarray([...OPERATIONS], { minLength: 1 });
const segment = fc.constantFrom("a", "b", "ab", "a-b", "*", "**", "a*");
const path = fc
  .array(segment, { maxLength: 4 })
  .map((segments) => `/${segments.join("/")}`)
  .filter((text) => !text.includes("**/**"));
const literal = fc
  .array(fc.constantFrom("a", "b", "ab", "a-b"), { maxLength: 4 })
  .map((segments) => `/${segments.join("/")}`);

/** So many that a note does not name all, and that an index keeps some as bits. */
const MANY = 150;

const arbFiles = fc
  .array(fc.record({ operations, paths: fc.array(path, { minLength: 1, maxLength: 3 }) }), {
    minLength: 1,
    maxLength: MANY,
    size: "max",
  })
  .map((rules) => policyOf(rules.map((rule) => ({ capability: "filesystem", ...rule }))));
const port = fc.oneof(fc.constantFrom<Port>("all", 80, 443), fc.integer({ min: 1, max: 40 }));
const ports = fc.array(port, { maxLength: 4 });

function policyOf(rules: readonly object[]): Policy {
  return parsePolicy({
    version: 1,
    name: "p",
    rules: rules.map((rule, at) => ({ id: `r${at}`, effect: "deny", ...rule })),
  });
}

const metOf = (rules: readonly Rule[]) => ({
  named: rules.slice(0, 20).map(({ id }) => id),
  count: rules.length,
});

test("the rules that meet some ports are those of which one has one of them", () => {
  fc.assert(
    fc.property(
      fc.array(ports, { maxLength: MANY, size: "max" }),
      fc.array(ports, { minLength: 1, maxLength: 20 }),
      (given, asked) => {
        const byRule = new Map(given.map((own, at) => [{ id: `r${at}` } as Rule, own] as const));
        const rules = [...byRule.keys()];
        const index = new PortIndex(rules, (rule) => byRule.get(rule) ?? []);
        for (const some of asked) {
          const meeting = rules.filter((rule) =>
            (byRule.get(rule) ?? []).some((one) =>
              some.some((other) => one === "all" || other === "all" || one === other),
            ),
          );
          expect(index.meeting(some)).toEqual(metOf(meeting));
          expect(index.meets(some)).toBe(meeting.length > 0);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("the rules that meet a tree are those that hold it, a part of it, or something in it", () => {
  fc.assert(
    fc.property(
      arbFiles,
      fc.array(fc.tuple(literal, operations), { maxLength: 20 }),
      (policy, asked) => {
        const rules = rulesOf(policy, "deny", "filesystem");
        const index = treeIndex(policy, "deny");
        const isFor = (rule: Rule, some: readonly OperationName[]): boolean =>
          rule.operations.some((operation) => some.includes(operation));
        const together = (found: readonly Rule[]): number =>
          found.reduce((bits, rule) => bits | bitsOf(rule.operations), 0);
        for (const [root, some] of asked) {
          const meeting = rules.filter(
            (rule) =>
              isFor(rule, some) &&
              treesOf(rule).some(
                (tree) =>
                  isWithin(tree.path, root) || (tree.covers !== "one" && isWithin(root, tree.path)),
              ),
          );
          expect(index.meeting(root, some)).toEqual(metOf(meeting));
          const those = (holds: (tree: ReturnType<typeof treesOf>[number]) => boolean): number =>
            together(rules.filter((rule) => treesOf(rule).some(holds)));
          expect(index.operationsAbove(root)).toBe(those((tree) => isWithin(root, tree.path)));
          expect(index.operationsBelow(root)).toBe(those((tree) => isWithin(tree.path, root)));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("all of a tree is denied for the operations of the rules that hold all of it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(literal, operations), { minLength: 1, maxLength: 20 }),
      literal,
      (trees, root) => {
        const policy = policyOf(
          trees.map(([top, own]) => ({
            capability: "filesystem",
            operations: own,
            paths: [top === "/" ? "/**" : `${top}/**`],
          })),
        );
        const holding = trees.filter(([top]) => isWithin(root, top));
        expect(treeIndex(policy, "deny").operationsOfAll(root)).toBe(
          holding.reduce((bits, [, own]) => bits | bitsOf(own), 0),
        );
      },
    ),
  );
});
