import { describe } from "vitest";

import { kernelMode } from "../../testing/kernel-mode.ts";

// The tests of every guard once more, by the broker alone: guests and records see the same with the kernel layer and without.

kernelMode.kernel = "off";

describe.each([
  "aborted",
  "filesystem",
  "filesystem-races",
  "malformed",
  "network",
  "subprocess",
  "random",
])("not confined: %s", async (name) => {
  await import(`./${name}.test.ts`);
});
