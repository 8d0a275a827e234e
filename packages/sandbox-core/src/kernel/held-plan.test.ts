import fc from "fast-check";
import { expect, test } from "vitest";

import { evidenceOf, wordOf } from "./evidence.ts";
import { type Grants, type HeldPlan, intersection, isSameGrants } from "./held-plan.ts";
import { rightsOnPath } from "./rights-on-path.ts";
import { merged, RIGHTS } from "./rights.ts";

const PATHS = ["/", "/a", "/a/b", "/a/b/c", "/ab", "/d", "/d/e"];

const some = <T>(items: readonly T[]): fc.Arbitrary<readonly T[] | "all"> =>
  fc.oneof(fc.subarray([...items]), fc.constant("all" as const));

const anyGrants: fc.Arbitrary<Grants> = fc.record({
  paths: fc
    .array(
      fc.record({
        path: fc.constantFrom(...PATHS),
        rights: fc.integer({ min: 1, max: 15 }),
      }),
      { maxLength: 6 },
    )
    .map(merged),
  ports: some([22, 80, 443]),
  commands: some(["/bin/a", "/bin/b"]),
});

test("two plans together grant, on every path, to every port and of every command, what both grant", () => {
  fc.assert(
    fc.property(anyGrants, anyGrants, (one, other) => {
      const both = intersection(one, other);
      for (const path of [...PATHS, "/a/b/c/x", "/x"])
        expect(rightsOnPath(both.paths, path)).toBe(
          rightsOnPath(one.paths, path) & rightsOnPath(other.paths, path),
        );
      const has = (list: readonly unknown[] | "all", item: unknown): boolean =>
        list === "all" || list.includes(item);
      for (const port of [22, 80, 443, 9])
        expect(has(both.ports, port)).toBe(has(one.ports, port) && has(other.ports, port));
      for (const command of ["/bin/a", "/bin/b", "/bin/c"])
        expect(has(both.commands, command)).toBe(
          has(one.commands, command) && has(other.commands, command),
        );
    }),
  );
});

test("a plan with itself, or with one that grants more, is the same plan, and with one that grants less another", () => {
  fc.assert(
    fc.property(anyGrants, anyGrants, (one, other) => {
      const both = intersection(one, other);
      expect(isSameGrants(intersection(one, one), one)).toBe(true);
      expect(isSameGrants(intersection(both, one), both)).toBe(true);
      const isSame =
        PATHS.every((path) => rightsOnPath(both.paths, path) === rightsOnPath(one.paths, path)) &&
        String([both.ports, both.commands]) === String([one.ports, one.commands]);
      expect(isSameGrants(both, one)).toBe(isSame);
    }),
  );
});

test("what Landlock took away later is refused by Landlock, since the filter lets it through", () => {
  const later: HeldPlan = {
    paths: [{ path: "/a", rights: RIGHTS.read_file }],
    ports: [],
    commands: [],
    filter: { sockets: true, processes: true },
  };
  const connect = { capability: "network", operation: "connect", target: "127.0.0.1:80" };
  const exec = { capability: "subprocess", operation: "exec", target: "/bin/true" };
  expect([
    evidenceOf(later, connect, "hook"),
    evidenceOf(later, connect, "filter"),
    evidenceOf(later, exec, "differential"),
    evidenceOf(later, exec, "filter"),
  ]).toEqual(["ruleset+errno", null, "differential+ruleset", null]);
  expect([wordOf(later, connect, null), wordOf(later, exec, null)]).toEqual([
    { verdict: "deny", evidence: "ruleset+errno" },
    null,
  ]);
});
