import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { KEPT_MODULES, preparedModule } from "./prepared-modules.ts";

test("a module is prepared once, for all who ask by its text", async () => {
  const source = (): string => ["export default", "'once';"].join(" ");
  const first = preparedModule(source());
  expect(first).toBeInstanceOf(Promise);
  expect(preparedModule(source())).toBe(first);
  const module = await first;
  expect(module).toBeInstanceOf(Uint8Array);
  expect(preparedModule(source())).toBe(module);
});

test("the host's loop turns while a large module is parsed", async () => {
  // The thread has started.
  await preparedModule("export default 'started';");
  const large = `export default 1; ${"{ let a = (b) => b + 1; }\n".repeat(20_000)}`;
  const prepared = preparedModule(large);
  const parsing = "parsing";
  let turns = 0;
  while ((await Promise.race([prepared, setImmediate(parsing)])) === parsing) turns += 1;
  expect(await prepared).toBeInstanceOf(Uint8Array);
  expect(turns).toBeGreaterThan(10);
});

test("what was asked for longest ago gives way", async () => {
  // A text counts once as it came, and once as it is sent.
  const fill = "x".repeat(KEPT_MODULES / 5);
  const modules = ["a", "b", "c"].map((name) => `exports.${name} = 1; // ${fill}`);
  const [a = "", b = "", c = ""] = modules;
  await preparedModule(a);
  await preparedModule(b);
  expect(preparedModule(a)).toBeInstanceOf(Uint8Array);
  await preparedModule(c);
  expect(preparedModule(a)).toBeInstanceOf(Uint8Array);
  expect(preparedModule(b)).toBeInstanceOf(Promise);
  await preparedModule(b);
});
