import { type loadPolicy, parsePolicy, type Policy, type PolicyInput } from "@pyisolate/policy";
import { beforeAll, describe, expect, expectTypeOf, test } from "vitest";

import { keepingSink, policyOf, rejectionOf } from "../testing/cells.ts";
import { certificates } from "../testing/servers.ts";
import { Supervisor } from "./supervisor.ts";
import { spawnOptions, type SupervisorOptions, supervisorSettings } from "./supervisor-options.ts";

const policy = policyOf([]);
const refusal = (options: unknown): Error => {
  try {
    supervisorSettings(options);
  } catch (error) {
    return error as Error;
  }
  throw new Error("was accepted");
};

test("left out, everything has its default", () => {
  const { modules, lookup, tools, ...settings } = supervisorSettings({ policy });
  expect(settings).toEqual({
    policy,
    denials: undefined,
    explainRefusals: false,
    token: undefined,
    kernel: "prefer",
    user: undefined,
    pool: 2,
    ca: null,
  });
  expect([...modules.keys()]).toEqual([]);
  expect(lookup).toBeTypeOf("function");
  expect(tools).toEqual(new Map());
});

test.each<[unknown, string]>([
  [
    { kernel: "required" },
    'kernel must be one of "off", "prefer", "require", got "required"; did you mean "require"?',
  ],
  [{ kernel: "Off" }, 'did you mean "off"?'],
  [{ kernel: true }, 'kernel must be one of "off", "prefer", "require", got true'],
  [{ kernel: "" }, 'kernel must be one of "off", "prefer", "require", got ""'],
  [{ kernel: null }, "kernel must be one of"],
  [{ kernel: new String("require") }, "kernel must be one of"],
  [
    { kernal: "require" },
    "unknown option kernal; did you mean kernel? Allowed are policy, denials,",
  ],
  [{ user: { uid: 65534 } }, "user must be { uid, gid }, both whole numbers from 1"],
  [{ user: { uid: 0, gid: 65534 } }, "user must be { uid, gid }, both whole numbers from 1"],
  [{ user: { uid: 65534, gid: 65534, groups: [] } }, "user must be { uid, gid }"],
  [{ user: "nobody" }, "user must be { uid, gid }"],
  [{ denial: {} }, "unknown option denial; did you mean denials?"],
  [{ denials: {} }, "denials must be a sink, an object with a method record, got an object"],
  [{ denials: null }, "denials must be a sink"],
  [
    { denials: [keepingSink()] },
    "denials must be a sink, an object with a method record, got a list",
  ],
  [{ denials: () => {} }, "denials must be a sink, an object with a method record, got a function"],
  [{ denials: Promise.resolve(keepingSink()) }, "got a promise; await it first"],
  [{ denials: { record: () => {}, closed: true } }, "denials must be a sink"],
  [
    { policy: Promise.resolve(policy) },
    "policy must be a policy, or an object, YAML or JSON text that is one, got a promise; await it first",
  ],
  [{ polices: policy }, "unknown option polices; did you mean policy?"],
  [{ tokens: "t" }, "unknown option tokens; did you mean token?"],
  [{ token: "" }, "token must be a string that is not empty"],
  [{ token: null }, "token must be a string that is not empty"],
  [{ pool: -1 }, "pool must be a whole number from 0 to 1000, got -1"],
  [{ pool: 1.5 }, "pool must be a whole number"],
  [{ pool: "2" }, 'pool must be a whole number from 0 to 1000, got "2"'],
  [{ pool: Infinity }, "pool must be a whole number from 0 to 1000, got Infinity"],
  [{ lookup: "127.0.0.1" }, "lookup must be a function of a host's name"],
  [{ lookup: {} }, "lookup must be a function of a host's name, got an object"],
  [{ modules: "text" }, "modules must be an object of source texts by name"],
  [
    { modules: new Map([["a", "1"]]) },
    "modules must be an object of source texts by name, got a Map",
  ],
  [{ modules: ["1"] }, "modules must be an object of source texts by name, got a list"],
  [{ modules: Promise.resolve({}) }, "got a promise; await it first"],
  [
    { modules: { a: Promise.resolve("1") } },
    'the module "a" must be source text, got a promise; await it first',
  ],
  [
    { modules: { a: Buffer.from("1") } },
    'the module "a" must be source text, got bytes; decode them first',
  ],
  [{ modules: { "a\n": 1 } }, String.raw`the module "a\u{a}" must be source text, got 1`],
  [{ modules: { fs: "1" } }, 'the module "fs" cannot be supplied: cells have a brokered node:fs'],
  [{ modules: { os: "1", "node:os": "2" } }, 'the module "node:os" is given twice: it is node:os'],
  [{ onConsole: () => {} }, "unknown option onConsole"],
  [undefined, "Supervisor takes an object of options, got undefined"],
  [Promise.resolve({}), "Supervisor takes an object of options, got a promise; await it first"],
])("%o is a TypeError that says what is accepted", (options, message) => {
  const given =
    typeof options === "object" && options !== null && !(options instanceof Promise)
      ? { policy, ...options }
      : options;
  expect(refusal(given)).toBeInstanceOf(TypeError);
  expect(refusal(given).message).toContain(message);
  expect(() => new Supervisor(given as SupervisorOptions)).toThrow(TypeError);
});

test("a value that is not a token is not shown", () => {
  for (const token of [4_711_4711, Buffer.from("s3cret"), { token: "s3cret" }])
    expect(refusal({ policy, token }).message).not.toMatch(/4711|s3cret/);
});

describe("ca", () => {
  let ca = "";
  let key = "";
  beforeAll(() => {
    ({ ca, key } = certificates("localhost"));
  });

  test("takes certificates, any number, with words between", () => {
    for (const text of [ca, `${ca}\n${ca}`, `subject=CN = test\r\n${ca.replaceAll("\n", "\r\n")}`])
      expect(supervisorSettings({ policy, ca: text }).ca).toBe(text);
  });

  test("refuses all else, and above all a key", () => {
    const cut = ca.replace(/-----END CERTIFICATE-----\s*$/, "");
    const bent = ca.replace(/\n[^\n]{10}/, "\nAAAAAAAAAA");
    for (const [given, message] of [
      ["", "ca must be PEM text of certificates, and holds none"],
      ["/etc/ssl/certs/ca.pem", "ca must be PEM text of certificates, and holds none"],
      [Buffer.from(ca), "ca must be PEM text of certificates, got bytes; decode them first"],
      [[ca], "ca must be PEM text of certificates, got a list"],
      [key, "ca must be PEM text of certificates only, and holds a block"],
      [`${ca}${key}`, "ca must be PEM text of certificates only, and holds a block"],
      [bent, "ca cannot be read: certificate 1 of 1"],
      [`${ca}${bent}`, "ca cannot be read: certificate 2 of 2"],
      [cut, "ca must be PEM text of certificates, and holds none"],
      [`${ca}${cut}`, "ca cannot be read: a block has no end"],
    ] as const) {
      const error = refusal({ policy, ca: given });
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain(message);
      expect(error.message).not.toContain(key.split("\n")[1]);
    }
  });
});

test("spawn refuses what it does not know, and takes no process for it", async () => {
  await using supervisor = new Supervisor({ policy, pool: 0 });
  for (const [options, message] of [
    [{ onconsole: () => {} }, "unknown option onconsole; did you mean onConsole?"],
    [{ onConsole: console }, "onConsole must be a function of a level and a text, got an object"],
    [{ polices: policy }, "unknown option polices; did you mean policy?"],
    [null, "spawn takes an object of options, got null"],
  ] as const) {
    const error = await rejectionOf(supervisor.spawn("guest", options as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(message);
  }
  expect({ ...spawnOptions({ onConsole: undefined }) }).toEqual({});
});

describe("a policy that is still being loaded", () => {
  test("does not compile, neither at the start nor at a reload", () => {
    expectTypeOf<ReturnType<typeof loadPolicy>>().not.toExtend<PolicyInput>();
    expectTypeOf<Promise<Policy>>().not.toExtend<SupervisorOptions["policy"]>();
    expectTypeOf<PromiseLike<object>>().not.toExtend<PolicyInput>();
    expectTypeOf<Policy | Promise<Policy>>().not.toExtend<PolicyInput>();
    expectTypeOf<Promise<Policy>>().not.toExtend<Parameters<Supervisor["reloadPolicy"]>[0]>();
    expectTypeOf<unknown>().not.toExtend<PolicyInput>();
    expectTypeOf<{ policy: Promise<Policy> }>().not.toExtend<SupervisorOptions>();
  });

  test("while a policy, an object and a text do", () => {
    expectTypeOf<Policy>().toExtend<PolicyInput>();
    expectTypeOf<object>().toExtend<PolicyInput>();
    expectTypeOf<string>().toExtend<PolicyInput>();
    const written: PolicyInput = { version: 1, name: "plugins", rules: [] };
    expect(parsePolicy(written).name).toBe("plugins");
  });

  test("is refused at a reload by name, after the token, and changes nothing", async () => {
    await using supervisor = new Supervisor({ policy, token: "t", pool: 0 });
    const before = supervisor.policy;
    const late = Promise.resolve(parsePolicy(policyOf([]))) as unknown as Policy;
    const error = await rejectionOf(supervisor.reloadPolicy(late, "t"));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/^policy must be a policy, .* got a promise; await it first$/);
    expect(await rejectionOf(supervisor.reloadPolicy(late, "wrong"))).toMatchObject({
      name: "PolicyAuthError",
    });
    expect(supervisor.policy).toBe(before);
  });
});
