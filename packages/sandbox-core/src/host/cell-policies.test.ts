import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parsePolicy, type Policy } from "@pyisolate/policy";
import { PolicyError, Supervisor } from "@pyisolate/sandbox-core";
import { describe, expect, test } from "vitest";

import { policyOf, rejectionOf } from "../testing/cells.ts";
import { grounds } from "../testing/granted.ts";

const read = (path: string): string =>
  `require("node:fs").readFileSync(${JSON.stringify(path)}, "utf8")`;

/** A folder with one of its own for each tenant, and a policy that grants each tenant the one. */
function tenants(...names: string[]) {
  const ground = grounds();
  for (const name of names) {
    mkdirSync(join(ground.granted, name));
    writeFileSync(join(ground.granted, name, "own"), `of ${name}`);
  }
  const policy = (folder = "${cell}", name = "tenants"): object => ({
    ...policyOf([
      {
        id: "own",
        effect: "allow",
        capability: "filesystem",
        operations: ["read"],
        paths: [`${ground.granted}/${folder}/**`],
      },
    ]),
    name,
  });
  return {
    policy,
    file: (name: string) => join(ground.granted, name, "own"),
    [Symbol.dispose]: () => ground[Symbol.dispose](),
  };
}

describe.each(["off", "prefer"] as const)("with kernel: %s", (kernel) => {
  test("a policy with ${cell} grants each cell its own paths, in both layers", async () => {
    using home = tenants("a", "b");
    await using supervisor = new Supervisor({ policy: home.policy(), kernel, pool: 1 });
    await using a = await supervisor.spawn("a");
    await using b = await supervisor.spawn("b");
    expect(await a.exec(read(home.file("a")))).toBe("of a");
    expect(await b.exec(read(home.file("b")))).toBe("of b");
    const error = await rejectionOf(a.exec(read(home.file("b"))));
    expect(error).toBeInstanceOf(PolicyError);
    expect(error).toMatchObject({
      denialEvent: {
        cell: "a",
        policyRule: "default",
        reason: "outside_scope",
        policyName: "tenants",
      },
    });
    expect(error).toMatchObject({ denialEvent: { policyHash: supervisor.policy.hash } });
    expect(a.policy.rules[1]?.paths?.[0]).toBe(join(home.file("a"), "../**"));
    expect(a.policy.hash).toBe(supervisor.policy.hash);
    expect(supervisor.kernelPlan("a").paths.map(({ path }) => path)).toEqual([
      join(home.file("a"), ".."),
    ]);
    expect(supervisor.kernelPlan().paths).toEqual([]);
  });

  test.each(["..", ".", "a/b", "*", "a*", "[a]", "${cell}", "a\u202eb"])(
    "a cell cannot be named %j where the policy has ${cell}",
    async (name) => {
      using home = tenants("a");
      await using supervisor = new Supervisor({ policy: home.policy(), kernel, pool: 0 });
      const error = await rejectionOf(supervisor.spawn(name));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain("has ${cell} in its paths");
    },
  );

  test("a cell's own policy decides for it, and records say which", async () => {
    using home = tenants("a", "b");
    const loaded: string[] = [];
    await using supervisor = new Supervisor({
      policy: home.policy("a", "of all"),
      kernel,
      pool: 1,
      denials: {
        record: () => undefined,
        policyLoaded: ({ name }: Policy) => void loaded.push(name),
      },
    });
    const own = home.policy("b", "own");
    await using first = await supervisor.spawn("first");
    await using second = await supervisor.spawn("second", { policy: own });
    await using third = await supervisor.spawn("third", { policy: parsePolicy(own) });
    await using fourth = await supervisor.spawn("fourth", { policy: own });
    expect(await first.exec(read(home.file("a")))).toBe("of a");
    for (const cell of [second, third, fourth]) {
      expect(await cell.exec(read(home.file("b")))).toBe("of b");
      expect(await rejectionOf(cell.exec(read(home.file("a"))))).toMatchObject({
        denialEvent: { cell: cell.name, policyName: "own", policyHash: cell.policy.hash },
      });
    }
    expect(await rejectionOf(first.exec(read(home.file("b"))))).toMatchObject({
      denialEvent: { policyName: "of all", policyHash: supervisor.policy.hash },
    });
    expect(loaded).toEqual(["of all", "own"]);
  });

  test("a cell's own policy has its own limits", async () => {
    await using supervisor = new Supervisor({ policy: policyOf([]), kernel, pool: 1 });
    await using cell = await supervisor.spawn("small", {
      policy: policyOf([], { memory_mib: 16, output_bytes: 100 }),
    });
    expect(await rejectionOf(cell.exec("'x'.repeat(200)"))).toMatchObject({
      denialEvent: { policyRule: "limit.output" },
    });
    await using usual = await supervisor.spawn("usual");
    expect(await usual.exec("'x'.repeat(200)")).toHaveLength(200);
  });

  test("a reload reaches the cells without a policy of their own, or those of one name", async () => {
    using home = tenants("a", "b");
    const both = ["a", "b"].map((name) => home.file(name));
    const may = async (cell: { exec(source: string): Promise<unknown> }) =>
      await Promise.all(
        both.map(
          async (file) =>
            await cell.exec(read(file)).then(
              () => true,
              (error: unknown) => {
                expect(error).toBeInstanceOf(PolicyError);
                return false;
              },
            ),
        ),
      );
    await using supervisor = new Supervisor({
      policy: home.policy("*"),
      kernel,
      pool: 1,
      token: "t",
    });
    await using shared = await supervisor.spawn("shared");
    await using own = await supervisor.spawn("own", { policy: home.policy("*", "own") });
    expect([await may(shared), await may(own)]).toEqual([
      [true, true],
      [true, true],
    ]);
    await supervisor.reloadPolicy(home.policy("a"), "t");
    expect([await may(shared), await may(own)]).toEqual([
      [true, false],
      [true, true],
    ]);
    await supervisor.reloadPolicy(home.policy("b", "newer"), "t", { cell: "own" });
    expect([await may(shared), await may(own)]).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(own.policy.name).toBe("newer");
    await using next = await supervisor.spawn("next");
    expect(await may(next)).toEqual([true, false]);
  });

  test("a reload that a live cell's name cannot stand in changes nothing", async () => {
    using home = tenants("a");
    await using supervisor = new Supervisor({
      policy: home.policy("a"),
      kernel,
      pool: 0,
      token: "t",
    });
    await using fits = await supervisor.spawn("a");
    const climbs = await supervisor.spawn("../a");
    expect(await climbs.exec(read(home.file("a")))).toBe("of a");
    const before = supervisor.policy;
    expect(await rejectionOf(supervisor.reloadPolicy(home.policy(), "t"))).toBeInstanceOf(
      TypeError,
    );
    expect(supervisor.policy).toBe(before);
    expect(await climbs.exec(read(home.file("a")))).toBe("of a");
    await climbs.close();
    await supervisor.reloadPolicy(home.policy(), "t");
    expect(await fits.exec(read(home.file("a")))).toBe("of a");
  });
});

test("what spawn and reloadPolicy are given is refused by name", async () => {
  await using supervisor = new Supervisor({
    policy: policyOf([]),
    kernel: "off",
    pool: 0,
    token: "t",
  });
  const message = async (promise: Promise<unknown>) => (await rejectionOf(promise)).message;
  expect(await message(supervisor.spawn("a", { polcy: 1 } as object))).toContain(
    "did you mean policy?",
  );
  expect(await message(supervisor.spawn("a", { policy: Promise.resolve({}) } as never))).toContain(
    "await it first",
  );
  expect(await message(supervisor.spawn("a", { policy: { version: 1 } }))).toContain(
    "Invalid policy",
  );
  expect(await message(supervisor.reloadPolicy(policyOf([]), "t", { cell: "nobody" }))).toContain(
    'cell must be the name of a live cell, got "nobody"',
  );
  expect(
    await message(supervisor.reloadPolicy(policyOf([]), "t", { cel: "x" } as object)),
  ).toContain("did you mean cell?");
});
