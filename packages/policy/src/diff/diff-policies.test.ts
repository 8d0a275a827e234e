import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  decide,
  diffLimits,
  diffPolicies,
  OPERATIONS,
  parsePolicy,
  type Policy,
  type PolicyChange,
  readCommandLine,
  type Request,
  TooEntangledError,
} from "../index.ts";
import { arbRequest, arbRules, policyOf, type RuleDocument } from "../testing/arbitraries.ts";
import { RandomPolicies } from "../testing/random-policies.ts";

/** Longer runs by PYISOLATE_DIFF_RUNS, such as 20 for twenty times as many. */
const TIMES = Number(process.env["PYISOLATE_DIFF_RUNS"] ?? 1);

const files = (effect: "allow" | "deny", ...paths: string[]): RuleDocument => ({
  effect,
  capability: "filesystem",
  operations: ["read"],
  paths,
});
const hosts = (effect: "allow" | "deny", ...patterns: string[]): RuleDocument => ({
  effect,
  capability: "network",
  hosts: patterns,
});

describe("a difference", () => {
  test.each<[what: string, RuleDocument[], RuleDocument[], string[]]>([
    ["a folder that is added", [], [files("allow", "/srv/**")], ["allowed r0 /srv"]],
    ["a folder that is taken away", [files("allow", "/srv/**")], [], ["denied default /srv"]],
    [
      "a wider pattern",
      [files("allow", "/srv/*.csv")],
      [files("allow", "/srv/*")],
      ["allowed r0 /srv/a"],
    ],
    [
      "an allow rule that others covered together",
      [files("allow", "/a"), files("allow", "/a/*/**")],
      [files("allow", "/a/**")],
      [],
    ],
    [
      "a deny rule that empties nothing",
      [files("allow", "/srv/**")],
      [files("allow", "/srv/**"), files("deny", "/etc/**")],
      [],
    ],
    [
      "a deny rule",
      [files("allow", "/srv/**")],
      [files("allow", "/srv/**"), files("deny", "**/.env")],
      ["denied r1 /srv/.env"],
    ],
    [
      "a deny rule that is lifted, and two rules that allow what it denied",
      [files("deny", "/a/**"), files("allow", "/**")],
      [files("allow", "/a/b/**"), files("allow", "/**")],
      ["allowed r0 /a/b", "allowed r1 /a"],
    ],
    [
      "other ways to write the same",
      [files("allow", "/srv/**"), files("allow", "/srv/a")],
      [files("allow", "/srv/**/**")],
      [],
    ],
    [
      "a name among those below a domain",
      [hosts("allow", "*.example.com:443")],
      [hosts("allow", "*.example.com:443"), hosts("deny", "a.example.com:*")],
      ["denied r1 a.example.com:443"],
    ],
    [
      "a port",
      [hosts("allow", "api.example.com:443")],
      [hosts("allow", "api.example.com:*")],
      ["allowed r0 api.example.com:1"],
    ],
    [
      "the half of a block",
      [hosts("allow", "10.0.0.0/8:80")],
      [hosts("allow", "10.0.0.0/9:80")],
      ["denied default 10.128.0.0:80"],
    ],
    [
      "a block written as its halves",
      [hosts("allow", "[fd00::]/8:80")],
      [hosts("allow", "[fd00::]/9:80", "[fd80::]/9:80")],
      [],
    ],
    [
      "every address, which is not every host",
      [hosts("allow", "0.0.0.0/0:1", "[::]/0:1")],
      [hosts("allow", "*:1")],
      ["allowed r0 a:1"],
    ],
  ])("%s", (_what, before, after, expected) => {
    const changes = diffPolicies(policyOf(before), policyOf(after));
    expect(changes.map(({ change, rule, witness }) => `${change} ${rule} ${witness}`)).toEqual(
      expected,
    );
  });

  test("in several operations is told for each of them", () => {
    const rule = { effect: "allow", capability: "filesystem", paths: ["/a"] } as const;
    const before = policyOf([{ ...rule, operations: ["read", "list"] }]);
    const after = policyOf([{ ...rule, operations: ["list", "write"] }]);
    expect(diffPolicies(before, after)).toEqual([
      {
        capability: "filesystem",
        operation: "read",
        change: "denied",
        witness: "/a",
        rule: "default",
      },
      {
        capability: "filesystem",
        operation: "write",
        change: "allowed",
        witness: "/a",
        rule: "r0",
      },
    ]);
  });

  test("in commands, modules and random numbers is told as one in paths is", () => {
    const before = policyOf([
      { effect: "allow", capability: "import", modules: ["fs"] },
      { effect: "allow", capability: "subprocess", commands: ["/usr/bin/git"] },
    ]);
    const after = policyOf([
      { effect: "allow", capability: "import", modules: ["node:fs"] },
      { effect: "allow", capability: "subprocess", commands: ["*"] },
      { effect: "allow", capability: "random" },
    ]);
    expect(diffPolicies(before, after)).toMatchObject([
      { capability: "subprocess", change: "allowed", witness: "/", rule: "r1" },
      { capability: "random", change: "allowed", witness: "", rule: "r2" },
    ]);
  });
});

test("of declared capabilities, what a policy does not declare it denies", () => {
  const policy = (operations: string[], ...targets: string[]): Policy =>
    parsePolicy({
      version: 1,
      name: "x",
      capabilities: { crm: operations },
      rules: [{ id: "r", effect: "allow", capability: "crm", targets }],
    });
  const changes = diffPolicies(policy(["get"], "crm.*"), policy(["get", "put"], "crm.**", "a*"));
  expect(
    changes.map(({ operation, change, witness }) => `${operation} ${change} ${witness}`),
  ).toEqual(["get allowed a", "put allowed a"]);
  const none = parsePolicy({ version: 1, name: "x", rules: [] });
  expect(diffPolicies(policy(["get"], "**"), none)).toMatchObject([
    { capability: "crm", operation: "get", change: "denied", witness: "", rule: "default" },
  ]);
});

test("limits that differ are told by the least amount that one of the policies stops", () => {
  const policy = (limits: object): Policy =>
    parsePolicy({ version: 1, name: "x", rules: [], limits });
  const before = policy({ cpu_ms: 500, calls: 7 });
  const after = policy({ calls: 3 });
  expect(diffPolicies(before, after)).toEqual([]);
  expect(diffLimits(before, after)).toEqual([
    {
      capability: "limit",
      operation: "cpu",
      change: "allowed",
      witness: "501",
      rule: "limit.cpu",
    },
    {
      capability: "limit",
      operation: "calls",
      change: "denied",
      witness: "4",
      rule: "limit.calls",
    },
  ]);
});

/** Checks that where a request is decided differently, a change says so, and names the rule that decides it. */
function checkRequest(
  before: Policy,
  after: Policy,
  changes: readonly PolicyChange[],
  request: Request,
): void {
  const [was, is] = [decide(before, request), decide(after, request)];
  const isTold =
    was.effect === is.effect ||
    changes.some(
      ({ capability, operation, change, rule }) =>
        capability === request.capability &&
        operation === request.operation &&
        change === (is.effect === "allow" ? "allowed" : "denied") &&
        rule === is.rule,
    );
  expect({ request, rule: is.rule, isTold }).toMatchObject({ isTold: true });
}

function checkWitnesses(before: Policy, after: Policy, changes: readonly PolicyChange[]): void {
  for (const { capability, operation, witness, change, rule } of changes) {
    const command = capability === "subprocess" ? readCommandLine(witness) : undefined;
    const request: Request =
      command === undefined
        ? { capability, operation, target: witness }
        : { capability, operation, target: command.path, args: command.args };
    const [was, is] = [decide(before, request), decide(after, request)];
    expect({ request, was: was.effect, is: is.effect, rule: is.rule }).toEqual({
      request,
      was: change === "allowed" ? "deny" : "allow",
      is: change === "allowed" ? "allow" : "deny",
      rule,
    });
  }
}

test("policies decide differently only where a change says so, and each witness is a difference", () => {
  fc.assert(
    fc.property(
      arbRules,
      arbRules,
      fc.array(arbRequest, { maxLength: 30 }),
      (one, other, requests) => {
        const [before, after] = [policyOf(one), policyOf(other)];
        const changes = diffPolicies(before, after);
        checkWitnesses(before, after, changes);
        for (const request of requests) checkRequest(before, after, changes, request);
        expect(diffPolicies(before, before)).toEqual([]);
      },
    ),
    { numRuns: 300 * TIMES },
  );
});

test("the same holds for large policies whose patterns overlap, and for requests near their patterns", () => {
  const random = new RandomPolicies(15);
  for (let round = 0; round < 60 * TIMES; round += 1) {
    const [before, after] = [random.policy(), random.policy()];
    const changes = diffPolicies(before, after);
    checkWitnesses(before, after, changes);
    for (let count = 0; count < 40; count += 1) {
      checkRequest(before, after, changes, random.request(count % 2 === 0 ? before : after));
    }
  }
});

/** Every path of at most three segments out of four, and the root. */
const PATHS = ["", ...below(""), ...below("").flatMap(below)].map((path) => path || "/");
PATHS.push(...PATHS.filter((path) => path.split("/").length === 3).flatMap(below));

function below(path: string): string[] {
  return ["a", "b", "ab", ".a"].map((segment) => `${path}/${segment}`);
}

const arbSmallPattern = fc
  .array(fc.constantFrom("a", "b", "*", "**", "a*", "*b", ".a"), { minLength: 1, maxLength: 3 })
  .map((segments) => `/${segments.join("/")}`);
const arbSmallRules = fc.array(
  fc
    .tuple(
      fc.constantFrom("allow" as const, "allow" as const, "deny" as const),
      fc.array(arbSmallPattern, { minLength: 1, maxLength: 3 }),
    )
    .map(([effect, paths]) => files(effect, ...paths)),
  { maxLength: 4 },
);

test("on every path of a small universe, a change is told if and only if there is one, and no witness is longer than needed", () => {
  fc.assert(
    fc.property(arbSmallRules, arbSmallRules, (one, other) => {
      const [before, after] = [policyOf(one), policyOf(other)];
      const changes = diffPolicies(before, after);
      checkWitnesses(before, after, changes);
      for (const target of PATHS) {
        const request = { capability: "filesystem", operation: "read", target } as const;
        const [was, is] = [decide(before, request), decide(after, request)];
        if (was.effect === is.effect) continue;
        const lengths = changes
          .filter(({ rule }) => rule === is.rule)
          .map(({ witness }) => witness.length);
        expect(Math.min(...lengths), `${target} ${is.rule}`).toBeLessThanOrEqual(target.length);
      }
    }),
    { numRuns: 300 * TIMES },
  );
});

test("no endpoint of a small universe differs without a change that says so", () => {
  const names = ["a", "b.a", "c.b.a", "127.0.0.1", "127.0.0.2", "10.0.0.1", "[::1]", "[::2]"];
  const patterns = [...names, "*", "*.a", "*.b.a", "127.0.0.0/30", "127.0.0.0/31", "[::]/127"];
  const endpoints = (own: readonly string[], ports: readonly string[]): string[] =>
    own.flatMap((name) => ports.map((port) => `${name}:${port}`));
  const arbHosts = fc.array(
    fc
      .tuple(
        fc.constantFrom("allow" as const, "deny" as const),
        fc.subarray(endpoints(patterns, ["*", "1", "80"]), { minLength: 1, maxLength: 4 }),
      )
      .map(([effect, own]) => hosts(effect, ...own)),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(arbHosts, arbHosts, (one, other) => {
      const [before, after] = [policyOf(one), policyOf(other)];
      const changes = diffPolicies(before, after);
      checkWitnesses(before, after, changes);
      for (const target of endpoints([...names, "x", "x.a", "x.b.a"], ["1", "2", "80"])) {
        const request = { capability: "network", operation: "connect", target } as const;
        checkRequest(before, after, changes, request);
      }
    }),
    { numRuns: 300 * TIMES },
  );
});

test("patterns that are too entangled to be compared end in an error that says what to do, soon", () => {
  const entangled = (shift: number) =>
    policyOf(
      Array.from({ length: 200 }, (_, at) => {
        const n = at + shift;
        return files("allow", `/**/*a${n % 7}*${n % 5}/**/${n % 11}*b*/${n % 3}`);
      }),
    );
  const [before, after] = [entangled(0), entangled(1000)];
  const start = process.cpuUsage();
  expect(() => diffPolicies(before, after)).toThrow(TooEntangledError);
  expect(() => diffPolicies(before, after)).toThrow(
    /compare fewer rules at a time, or write \*\* /,
  );
  const { user, system } = process.cpuUsage(start);
  // Twice two seconds on a machine of today, and five times that.
  expect((user + system) / 1e6).toBeLessThan(20);
}, 200_000);

test("10,000 rules are compared with 10,000 others, and a rule costs as much as it differs", () => {
  const tenants = (folder: (at: number) => string) =>
    policyOf(
      Array.from({ length: 10_000 }, (_, at) =>
        files("allow", `/srv/tenants/t${at}/${folder(at)}/**`),
      ),
    );
  const before = tenants(() => "data");
  const after = tenants((at) => (at % 1000 === 0 ? "date" : "data"));
  const changes = diffPolicies(before, after);
  checkWitnesses(before, after, changes);
  expect(changes).toHaveLength(20);
  expect(
    diffPolicies(
      before,
      tenants(() => "date"),
    ),
  ).toHaveLength(20_000);
}, 200_000);

test("every operation is compared", () => {
  const everything = policyOf([
    { effect: "allow", capability: "filesystem", paths: ["/**"] },
    { effect: "allow", capability: "network", hosts: ["*:*"] },
    { effect: "allow", capability: "subprocess", commands: ["*"] },
    { effect: "allow", capability: "random" },
    { effect: "allow", capability: "import", modules: ["*"] },
    { effect: "allow", capability: "tool", tools: ["**"] },
  ]);
  const { control: _control, limit: _limit, ...guarded } = OPERATIONS;
  const changes = diffPolicies(policyOf([]), everything);
  expect(changes.map(({ capability, operation }) => `${capability} ${operation}`)).toEqual(
    Object.entries(guarded).flatMap(([capability, operations]) =>
      operations.map((operation) => `${capability} ${operation}`),
    ),
  );
});

test("a witness is no longer than a path may be", () => {
  const folder = (length: number): string => `/${"a".repeat(length - 1)}`;
  const changes = (path: string) =>
    diffPolicies(
      policyOf([files("allow", path, `${path}/*`)]),
      policyOf([files("allow", `${path}/**`)]),
    );
  expect(changes(folder(4092))).toMatchObject([{ witness: `${folder(4092)}/a/a` }]);
  expect(changes(folder(4093))).toEqual([]);
});
