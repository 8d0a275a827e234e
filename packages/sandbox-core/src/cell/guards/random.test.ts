import { Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { policyOf } from "../../testing/cells.ts";
import { kernelMode } from "../../testing/kernel-mode.ts";

const supervisor = new Supervisor({
  ...kernelMode,
  policy: policyOf([{ id: "rng", effect: "allow", capability: "random" }]),
  pool: 0,
});
let cell: Awaited<ReturnType<Supervisor["spawn"]>>;

beforeAll(async () => {
  cell = await supervisor.spawn("dice");
});

afterAll(async () => {
  await supervisor.close();
});

test("Math.random gives fractions that fill their interval", async () => {
  const values = (await cell.exec("Array.from({ length: 2000 }, () => Math.random())")) as number[];
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(1);
  expect(new Set(values).size).toBe(values.length);
  // Each tenth misses with a probability of 0.9^2000.
  expect(new Set(values.map((value) => Math.floor(value * 10))).size).toBe(10);
  // 53 bits, not 32: some value has one set below the 32nd.
  expect(values.some((value) => (value * 2 ** 32) % 1 !== 0)).toBe(true);
});

test("getRandomValues fills every kind of integer array, and no byte beside the view", async () => {
  const kinds = ["Int8", "Uint8", "Int16", "Uint16", "Int32", "Uint32", "BigInt64", "BigUint64"];
  for (const kind of [...kinds, "Uint8Clamped"]) {
    const filled = await cell.exec(`{
      const buffer = new ArrayBuffer(256);
      const view = new ${kind}Array(buffer, 64, 128 / ${kind}Array.BYTES_PER_ELEMENT);
      const given = crypto.getRandomValues(view);
      const bytes = [...new Uint8Array(buffer)];
      ({ same: given === view, around: bytes.slice(0, 64).concat(bytes.slice(192)).every((byte) => byte === 0), inside: new Set(bytes.slice(64, 192)).size });
    }`);
    expect(filled).toMatchObject({ same: true, around: true });
    expect((filled as { inside: number }).inside).toBeGreaterThan(32);
  }
});

test("randomUUID gives version 4 identifiers, each another", async () => {
  const values = (await cell.exec(
    "Array.from({ length: 200 }, () => crypto.randomUUID())",
  )) as string[];
  for (const value of values)
    expect(value).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(values).size).toBe(values.length);
});

test("node:crypto and the global are the same", async () => {
  expect(
    await cell.exec(
      "require('crypto').getRandomValues === crypto.getRandomValues && require('node:crypto').webcrypto === crypto",
    ),
  ).toBe(true);
});

test("an empty array is filled, and the longest one", async () => {
  expect(await cell.exec("crypto.getRandomValues(new Uint8Array(0)).length")).toBe(0);
  expect(await cell.exec("new Set(crypto.getRandomValues(new Uint8Array(65536))).size")).toBe(256);
});

test.each([
  "new Float64Array(1)",
  "new DataView(new ArrayBuffer(1))",
  "new ArrayBuffer(1)",
  "[0]",
  "null",
  "undefined",
  "new Uint8Array(65537)",
  "{ length: 1 }",
  "new Proxy(new Uint8Array(1), {})",
])("what is not an integer array, or too long, is malformed: %s", async (argument) => {
  const before = cell.stats.denials;
  expect(
    await cell.exec(
      `try { crypto.getRandomValues(${argument}); } catch (error) { [error.name, error.reason].join(); }`,
    ),
  ).toBe("PolicyError,malformed");
  expect(cell.stats.denials).toBe(before + 1);
});
