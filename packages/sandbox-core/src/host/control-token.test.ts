import fc from "fast-check";
import { expect, test } from "vitest";

import { ControlToken } from "./control-token.ts";

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("\ud800", "\ud801", "\ufffd"),
);

test("a token matches itself and no other text", () => {
  fc.assert(
    fc.property(anyText, anyText, (token, candidate) => {
      fc.pre(token !== "");
      expect(new ControlToken(token).matches(candidate)).toBe(candidate === token);
    }),
  );
  expect(new ControlToken("s3cret").matches("s3cret")).toBe(true);
});

test("what differs only in broken Unicode is another token", () => {
  expect(new ControlToken("\ud800").matches("\ud801")).toBe(false);
});

test("a token that is not text matches nothing", () => {
  const token = new ControlToken("undefined");
  for (const candidate of [undefined, null, 0, {}, ["undefined"], { toString: () => "undefined" }])
    expect(token.matches(candidate)).toBe(false);
});

test("without a token nothing matches, not even nothing", () => {
  const token = new ControlToken(undefined);
  for (const candidate of ["", "undefined", undefined])
    expect(token.matches(candidate)).toBe(false);
});
