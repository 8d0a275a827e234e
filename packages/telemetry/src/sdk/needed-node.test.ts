import { readFile } from "node:fs/promises";

import fc from "fast-check";
import { expect, test } from "vitest";

import { TelemetryStartError } from "./errors.ts";
import { NEEDED_NODE, tooOldNode } from "./needed-node.ts";

test("the Node that is needed is the one that the package's engines name", async () => {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  expect(JSON.parse(manifest)).toMatchObject({ engines: { node: `>=${NEEDED_NODE}` } });
});

test.each(["0.12.18", "18.20.8", "20.20.2", "21.99.0", "22.2.0", "22.14.0"])(
  "Node %s is too old, and the error names it and the one that is needed",
  (node) => {
    const error = tooOldNode({ node });
    expect(error).toBeInstanceOf(TelemetryStartError);
    expect(error).toMatchObject({
      code: "node_too_old",
      message: expect.stringMatching(
        new RegExp(`needs Node\\.js 22\\.15 or newer.* ${node.replaceAll(".", "\\.")}:`),
      ) as string,
    });
  },
);

test("the Node that is needed, every newer one, Bun and Deno are not too old", () => {
  const version = fc.tuple(fc.nat(200), fc.nat(200), fc.nat(200));
  fc.assert(
    fc.property(version, ([major, minor, patch]) => {
      const newer = major % 2 === 0 ? `22.${15 + minor}.${patch}` : `${23 + major}.${minor}.0-rc.1`;
      expect(tooOldNode({ node: newer })).toBeUndefined();
    }),
  );
  expect(tooOldNode({ node: "20.0.0", bun: "1.4.5" })).toBeUndefined();
  expect(tooOldNode({ node: "20.0.0", deno: "2.9.6" })).toBeUndefined();
  expect(tooOldNode()).toBeUndefined();
});
