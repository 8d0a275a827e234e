import { describe } from "vitest";

import { kernelMode } from "../../testing/kernel-mode.ts";

// The tests of every guard and of modules once more, by the broker alone: guests and records see the same with the kernel layer and without.

kernelMode.kernel = "off";

describe.each([
  "aborted",
  "filesystem",
  "filesystem-races",
  "malformed",
  "network",
  "open-files",
  "open-files.property",
  "subprocess",
  "random",
])("not confined: %s", async (name) => {
  await import(`./${name}.test.ts`);
});

describe("not confined: modules", async () => {
  await import("../modules/module-store.test.ts");
});
