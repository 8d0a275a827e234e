import { decide, type Operation, parsePolicy, type Policy } from "@pyisolate/policy";
import fc from "fast-check";
import { expect, test } from "vitest";

import type { Disk } from "./disk.ts";
import { type KernelPlan, kernelPlan } from "./plan.ts";
import type { PlannedRule } from "./planned-rule.ts";
import { type Grant, isWithin, parentOf, RIGHTS, type Rights } from "./rights.ts";

// A small disk: three names, three levels, every third leaf a file.
const NAMES = ["a", "b", "c"];
const DISK = new Map<string, "file" | "directory" | "link">([["/", "directory"]]);
for (const one of NAMES) {
  DISK.set(`/${one}`, one === "c" ? "file" : "directory");
  if (one === "c") continue;
  for (const two of NAMES) {
    DISK.set(`/${one}/${two}`, two === "c" ? "file" : "directory");
    if (two !== "c")
      for (const three of NAMES)
        DISK.set(`/${one}/${two}/${three}`, three === "a" ? "directory" : "file");
  }
}
DISK.set("/link", "link");
DISK.set("/link/a", "link");

const disk: Disk = {
  kindOf: (path) => DISK.get(path) ?? "missing",
  realPath: (path) => (path.startsWith("/bin/") ? `/usr${path}` : null),
  filesOf: (program) => ({ executed: [program, "/lib/ld.so"], read: ["/lib/libc.so"] }),
};

const OPERATIONS = ["read", "write", "list", "stat", "remove"] as const;

const pattern = fc
  .array(fc.constantFrom(...NAMES, "*", "**", "a*", "missing"), { minLength: 1, maxLength: 4 })
  .map((segments) => `/${segments.join("/")}`);
const tree = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 2 })
  .map((segments) => `/${segments.join("/")}/**`);

const filesystemRule = fc.record({
  effect: fc.constantFrom("allow", "allow", "deny"),
  capability: fc.constant("filesystem"),
  operations: fc.uniqueArray(fc.constantFrom(...OPERATIONS), { minLength: 1 }),
  paths: fc.array(fc.oneof(pattern, tree), { minLength: 1, maxLength: 3 }),
});
const host = fc.constantFrom(
  "*:*",
  "*:443",
  "a.example:443",
  "10.0.0.0/8:80",
  "127.0.0.1:*",
  "b.example:80",
);
const networkRule = fc.record({
  effect: fc.constantFrom("allow", "allow", "deny"),
  capability: fc.constant("network"),
  hosts: fc.array(host, { minLength: 1, maxLength: 3 }),
});
const commandRule = fc.record({
  effect: fc.constantFrom("allow", "allow", "deny"),
  capability: fc.constant("subprocess"),
  commands: fc.array(fc.constantFrom("/bin/x", "/bin/y", "/gone"), { minLength: 1, maxLength: 2 }),
});

function policies(rule: fc.Arbitrary<object>): fc.Arbitrary<Policy> {
  return fc.array(rule, { minLength: 1, maxLength: 4 }).map((rules) =>
    parsePolicy({
      version: 1,
      name: "p",
      rules: rules.map((each, at) => ({ id: `r${at}`, ...each })),
    }),
  );
}

/** What Landlock checks when a guard does an operation: a right, and the path on or above which a rule must give it. */
function needed(operation: Operation, path: string): readonly { at: string; rights: Rights }[] {
  const kind = disk.kindOf(path);
  const isFile = kind === "file";
  switch (operation) {
    case "read":
      return isFile ? [{ at: path, rights: RIGHTS.read_file }] : [];
    case "list":
      return kind === "directory" ? [{ at: path, rights: RIGHTS.read_dir }] : [];
    case "write":
      if (isFile) return [{ at: path, rights: RIGHTS.write_file | RIGHTS.truncate }];
      return kind === "missing"
        ? [{ at: parentOf(path), rights: RIGHTS.make_reg | RIGHTS.make_dir | RIGHTS.write_file }]
        : [];
    case "remove":
      if (kind === "missing" || path === "/") return [];
      return [{ at: parentOf(path), rights: isFile ? RIGHTS.remove_file : RIGHTS.remove_dir }];
    default:
      return [];
  }
}

function grants(paths: readonly Grant[], operation: Operation, path: string): boolean {
  return needed(operation, path).every(({ at, rights }) => {
    let has = 0;
    for (const grant of paths) if (isWithin(at, grant.path)) has |= grant.rights;
    return (rights & ~has) === 0;
  });
}

function allows(policy: Policy, operation: Operation, target: string): boolean {
  return decide(policy, { capability: "filesystem", operation, target }).effect === "allow";
}

// What is there, and one new name in each directory.
const PLACES = Array.from(DISK, ([path, kind]) => ({ path, kind })).flatMap(({ path, kind }) =>
  kind === "directory" ? [path, `${path === "/" ? "" : path}/new`] : kind === "file" ? [path] : [],
);

test("whatever the policy allows at a path that is there, the plan lets through", () => {
  fc.assert(
    fc.property(policies(filesystemRule), (policy) => {
      const { paths } = kernelPlan(policy, disk);
      const narrower = PLACES.flatMap((path) =>
        OPERATIONS.filter(
          (operation) => allows(policy, operation, path) && !grants(paths, operation, path),
        ).map((operation) => `${operation} ${path}`),
      );
      expect(narrower).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test("a rule that is said to be exact lets through nothing that the policy does not allow", () => {
  let exact = 0;
  fc.assert(
    fc.property(policies(filesystemRule), (policy) => {
      for (const planned of kernelPlan(policy, disk).rules) {
        if (planned.hold !== "exact") continue;
        exact += planned.paths.length;
        expect(beyond(policy, planned)).toEqual([]);
      }
    }),
    { numRuns: 2000 },
  );
  // Else the property says nothing.
  expect(exact).toBeGreaterThan(100);
});

function beyond(policy: Policy, planned: PlannedRule): string[] {
  return PLACES.flatMap((path) =>
    OPERATIONS.filter(
      (operation) =>
        needed(operation, path).length > 0 &&
        grants(planned.paths, operation, path) &&
        !allows(policy, operation, path),
    ).map((operation) => `${operation} ${path}`),
  );
}

const ENDPOINTS = ["a.example", "b.example", "c.example", "10.1.2.3", "127.0.0.1"].flatMap((name) =>
  [80, 443, 8080].map((port) => ({ name, port })),
);

function connects(policy: Policy, { name, port }: (typeof ENDPOINTS)[number]): boolean {
  const target = `${name}:${port}`;
  return decide(policy, { capability: "network", operation: "connect", target }).effect === "allow";
}

function letsThrough({ ports }: Pick<KernelPlan, "ports">, { port }: { port: number }): boolean {
  return ports === "all" || ports.includes(port);
}

test("ports are never narrower than the policy", () => {
  fc.assert(
    fc.property(policies(networkRule), (policy) => {
      const plan = kernelPlan(policy, disk);
      const allowed = ENDPOINTS.filter((endpoint) => connects(policy, endpoint));
      expect(allowed.filter((endpoint) => !letsThrough(plan, endpoint))).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

test("a network rule that is said to be exact grants and denies as the policy does", () => {
  fc.assert(
    fc.property(policies(networkRule), (policy) => {
      const plan = kernelPlan(policy, disk);
      const exact = plan.rules.filter(({ hold }) => hold === "exact");
      for (const planned of exact.filter(({ rule }) => rule.effect === "allow")) {
        const granted = ENDPOINTS.filter((endpoint) => letsThrough(planned, endpoint));
        expect(granted.filter((endpoint) => !connects(policy, endpoint))).toEqual([]);
      }
      for (const { rule } of exact.filter((planned) => planned.rule.effect === "deny")) {
        const alone = parsePolicy({
          version: 1,
          name: "p",
          rules: [{ ...rule, effect: "allow" }],
        });
        const denied = ENDPOINTS.filter((endpoint) => connects(alone, endpoint));
        expect(denied.filter((endpoint) => letsThrough(plan, endpoint))).toEqual([]);
      }
    }),
    { numRuns: 1000 },
  );
});

test("commands are those that the policy allows, by their real paths", () => {
  fc.assert(
    fc.property(policies(commandRule), (policy) => {
      const allowed = ["/bin/x", "/bin/y"].filter(
        (target) =>
          decide(policy, { capability: "subprocess", operation: "exec", target }).effect ===
          "allow",
      );
      expect(kernelPlan(policy, disk).commands).toEqual(allowed.map((path) => `/usr${path}`));
    }),
  );
});

function holdOf(rule: object, ...others: object[]): Pick<PlannedRule, "hold" | "notes" | "paths"> {
  const rules = [rule, ...others].map((each, at) => ({
    id: `r${at}`,
    effect: "allow",
    capability: "filesystem",
    ...each,
  }));
  const [planned] = kernelPlan(parsePolicy({ version: 1, name: "p", rules }), disk).rules;
  if (planned === undefined) throw new Error("no rule");
  const { hold, notes, paths } = planned;
  return { hold, notes, paths };
}

test("a tree that may be read is exact, and so is a file that is there", () => {
  expect(holdOf({ operations: ["read"], paths: ["/a/**", "/c"] })).toEqual({
    hold: "exact",
    notes: [],
    paths: [
      { path: "/a", rights: RIGHTS.read_file },
      { path: "/c", rights: RIGHTS.read_file },
    ],
  });
});

test.each([
  [
    { operations: ["read"], paths: ["/a/*/c"] },
    [],
    "/a/*/c: Landlock knows no pattern, so all of /a is granted",
  ],
  [
    { operations: ["read"], paths: ["**/c"] },
    [],
    "**/c: Landlock knows no pattern, so all of / is granted",
  ],
  [
    { operations: ["list"], paths: ["/a"] },
    [],
    "/a alone is meant: Landlock also lists every directory below it",
  ],
  [
    { operations: ["read"], paths: ["/a/**"] },
    [{ effect: "deny", operations: ["read"], paths: ["**/.env"] }],
    "what the rule r1 denies below /a: Landlock takes nothing out of a tree",
  ],
  [
    { operations: ["remove"], paths: ["/a/b/**"] },
    [],
    "to remove /a/b itself is a right on /a, where Landlock lets empty directories of any name be removed",
  ],
  [
    { operations: ["write"], paths: ["/a/missing/below"] },
    [],
    "/a/missing/below is not there; make it before cells start, since until then all of /a is granted in its place (/a/missing/below)",
  ],
])("%j is wider, and says by what", (rule, others, note) => {
  const { hold, notes } = holdOf(rule, ...others);
  expect([hold, notes]).toEqual(["wider", [note]]);
});

test("a missing path that may only be read is left out, and the plan says so", () => {
  expect(holdOf({ operations: ["read", "list"], paths: ["/a/missing/**"] })).toEqual({
    hold: "nothing there",
    notes: [
      "/a/missing is not there; make it before cells start, since until then the kernel refuses it",
    ],
    paths: [],
  });
});

test("a missing path never opens the whole file system, not even to be written", () => {
  expect(holdOf({ operations: ["write"], paths: ["/missing/**"] })).toMatchObject({
    hold: "nothing there",
    paths: [],
  });
});

test("a path through a symlink grants nothing in either layer", () => {
  expect(holdOf({ operations: ["read"], paths: ["/link/a"] })).toEqual({
    hold: "exact",
    notes: [
      "/link/a is, or goes through, a symlink: a policy speaks of real paths, so neither layer grants anything by it",
    ],
    paths: [],
  });
});

test("a deny rule holds in the kernel where the policy grants nothing that it denies, else in the broker only", () => {
  const deny = { effect: "deny", operations: ["read"], paths: ["/b/**"] };
  expect(holdOf(deny, { operations: ["read"], paths: ["/a/**"] }).hold).toBe("exact");
  expect(holdOf(deny, { operations: ["write"], paths: ["/b/**"] }).hold).toBe("exact");
  expect(holdOf(deny, { operations: ["read"], paths: ["/b/a/**"] }).hold).toBe("broker only");
});

test("a rule for a command also grants the files that the command loads, and is wider by that", () => {
  const { hold, paths } = holdOf({ capability: "subprocess", commands: ["/bin/x"] });
  expect(hold).toBe("wider");
  expect(paths.map(({ path }) => path)).toEqual([
    "/usr/bin/x",
    "/lib/ld.so",
    "/lib/libc.so",
    "/dev/null",
  ]);
});

test.each<[string, object[], string, number | undefined]>([
  ["/a/**", [], "native code in the cell can as well", RIGHTS.read_file | RIGHTS.read_dir],
  ["/c", [], "native code in the cell can as well", RIGHTS.read_file],
  ["/a", [], "the list of it alone, and of every directory below it", RIGHTS.read_dir],
  ["/a/*/c", [], "all of /a is granted", RIGHTS.read_file | RIGHTS.read_dir],
  ["/a/missing", [], "is not there", undefined],
  ["/link/a", [], "symlink: write the real path", undefined],
  [
    "/a/**",
    [{ effect: "deny", operations: ["read"], paths: ["/a/**"] }],
    "r1 denies it",
    undefined,
  ],
  [
    "/a/**",
    [{ effect: "deny", operations: ["read"], paths: ["**/.env"] }],
    "what the rule r1 denies below /a",
    RIGHTS.read_file | RIGHTS.read_dir,
  ],
])("a command's reads of %s with %j: %s", (pattern, denies, note, rights) => {
  const rule = { capability: "subprocess", commands: ["/bin/x"], reads: [pattern] };
  const { hold, notes, paths } = holdOf(rule, ...denies);
  expect(hold).toBe("wider");
  expect(notes.join("\n")).toContain(note);
  const tree = pattern.replace(/\/\*.*$/, "");
  expect(paths.find(({ path }) => path === tree)?.rights).toBe(rights);
});

test("what a command may read is granted to no cell in which no command runs", () => {
  const { paths } = holdOf(
    { capability: "subprocess", commands: ["/bin/x"], reads: ["/c"] },
    {
      effect: "deny",
      capability: "subprocess",
    },
  );
  expect(paths).toEqual([]);
});

test("any command means that any file can be read, and the plan says it", () => {
  const { hold, notes, paths } = holdOf({ capability: "subprocess", commands: ["*"] });
  expect([hold, notes]).toEqual([
    "wider",
    [
      "to execute a program is to read it, so any file can be read",
      "commands set modes and times, so the cell can of every file that its user owns",
    ],
  ]);
  expect(paths[0]).toEqual({ path: "/", rights: RIGHTS.execute | RIGHTS.read_file });
});

test("stat, import and random are the broker's alone", () => {
  expect(holdOf({ operations: ["stat"], paths: ["/a/**"] }).hold).toBe("broker only");
  expect(holdOf({ capability: "import", modules: ["*"] }).hold).toBe("broker only");
  expect(holdOf({ capability: "random" }).hold).toBe("broker only");
});

test("rules for a capability that the policy declares are the broker's alone, and grant a cell nothing", () => {
  const plan = kernelPlan(
    parsePolicy({
      version: 1,
      name: "p",
      capabilities: { database: ["query"] },
      rules: [
        { id: "all", effect: "allow", capability: "database", targets: ["**"] },
        { id: "none", effect: "deny", capability: "database" },
      ],
    }),
    disk,
  );
  expect(plan.rules.map(({ hold }) => hold)).toEqual(["broker only", "broker only"]);
  expect(plan).toMatchObject({ paths: [], ports: [], commands: [] });
});

test.each<[capability: string, scope: (at: number) => object]>([
  ["filesystem", (at) => ({ paths: [`/srv/t${at}/data/**`, "/srv/shared/**"] })],
  ["filesystem", (at) => ({ paths: [`/srv/in/*.t${at}`] })],
  ["filesystem", (at) => ({ paths: [at % 2 === 0 ? `/srv/t${at}/**` : `**/.key-${at}`] })],
  ["network", (at) => ({ hosts: [`t${at}.example.com:${at + 1}`, "*.example.org:9443"] })],
  ["network", (at) => ({ hosts: [`t${at}.example.com:443`] })],
  ["subprocess", (at) => ({ commands: [{ path: `/usr/bin/t${at}`, args: ["log"] }] })],
])(
  "10,000 rules for %s, half of which deny, are planned in seconds",
  (capability, scope) => {
    const rules = Array.from({ length: 10_000 }, (_, at) => ({
      id: `r${at}`,
      effect: at % 2 === 0 ? "allow" : "deny",
      capability,
      ...scope(at),
    }));
    const policy = parsePolicy({ version: 1, name: "large", rules });
    const start = process.cpuUsage();
    const plan = kernelPlan(policy);
    const { user, system } = process.cpuUsage(start);
    expect(plan.rules).toHaveLength(10_000);
    // Each rule compared with each took 13 to 50 seconds.
    expect((user + system) / 1e6).toBeLessThan(10);
  },
  200_000,
);
