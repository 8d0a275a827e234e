import fc from "fast-check";
import { expect, test } from "vitest";

import { contentOf, decodeText, modeOf, pathText } from "./parse-arguments.ts";
import { Malformed } from "./guard.ts";

const anything = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.uint8Array(),
);

test("whatever is given, a path is text that a kernel takes, or malformed", () => {
  fc.assert(
    fc.property(anything, (value) => {
      const usable =
        typeof value === "string" && value !== "" && !value.includes("\0") && value.isWellFormed();
      let path: unknown;
      try {
        path = pathText(value);
      } catch (error) {
        path = error;
      }
      expect(path === value || path instanceof Malformed).toBe(true);
      expect(path instanceof Malformed).toBe(!usable);
    }),
  );
  expect(() => pathText("x".repeat(4096))).toThrow(Malformed);
  expect(() => pathText("ä".repeat(2048))).toThrow("too long");
});

test("bytes that went out as text come back the same in every encoding that keeps them", () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.constantFrom("latin1", "binary", "hex", "base64", "base64url", "HEX"),
      (bytes, encoding) => {
        const text = decodeText(encoding)(bytes) as string;
        expect(contentOf("s", text.slice(1), encoding)).toEqual(Buffer.from(bytes));
      },
    ),
  );
});

test("without an encoding bytes stay bytes, and text is UTF-8", () => {
  const bytes = Uint8Array.of(0, 255);
  expect(decodeText(null)(bytes)).toBe(bytes);
  expect(contentOf("b", bytes)).toBe(bytes);
  expect(contentOf("s", "ä")).toEqual(Buffer.from("ä"));
});

test("content that is neither text nor bytes, and unknown encodings, are malformed and tell the path", () => {
  for (const attempt of [
    () => contentOf(null, "", null, "/p"),
    () => contentOf("b", "text", null, "/p"),
    () => decodeText("rot13", "/p"),
    () => decodeText(5, "/p"),
  ]) {
    expect(attempt).toThrow(expect.objectContaining({ target: "/p" }) as Error);
  }
});

test("a mode is permission bits and no more", () => {
  expect(modeOf(null, 0o666, "")).toBe(0o666);
  expect(modeOf("600", 0o666, "")).toBe(0o600);
  expect(modeOf(0o106755, 0o666, "")).toBe(0o755);
  for (const mode of ["rwx", -1, 1.5, Number.NaN, true])
    expect(() => modeOf(mode, 0, "/p")).toThrow(Malformed);
});
