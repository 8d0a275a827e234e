import fc from "fast-check";
import { expect, test } from "vitest";

import { GuestError } from "./guest-error.ts";

test("the frames of the guest's own program stay, those of anything below it do not", () => {
  const stack = [
    "TypeError: x is not a function",
    "    at f (guest.js:2:3)",
    "    at Object.readFileSync (pyisolate:guest:10:20)",
    "    at eval (guest.js:7:1)",
    "    at eval (<anonymous>)",
    "    at (<isolated-vm boundary>)",
    "    at node:internal/process:1:1",
    "    at file:///srv/app/dist/cell.js:1:1",
    "no frame",
  ].join("\n");
  const error = new GuestError({ name: "TypeError", message: "x is not a function", stack });
  expect(error.guestStack).toBe("    at f (guest.js:2:3)\n    at eval (guest.js:7:1)");
  expect(error.stack).toBe(
    "GuestError: TypeError: x is not a function\n    at f (guest.js:2:3)\n    at eval (guest.js:7:1)",
  );
});

test("whatever a guest puts into its error, the text is bounded, printable, and marked as the guest's", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\u001b[2J", "\u202e", "x".repeat(100_000), "    at f (a:1:1)\n".repeat(500)),
  );
  fc.assert(
    fc.property(text, text, text, (name, message, stack) => {
      const error = new GuestError({ name, message, stack });
      expect(error.name).toBe("GuestError");
      expect(error.message.length).toBeLessThanOrEqual(4096);
      expect(error.guestName.length).toBeLessThanOrEqual(128);
      expect(error.guestStack.split("\n").length).toBeLessThanOrEqual(32);
      expect(`${error.guestName}${error.message}`).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
    }),
    { numRuns: 25 },
  );
});

test("an error has its code, its causes and its errors, each cleaned, and nothing where it has none", () => {
  const plain = new GuestError({ name: "E", message: "m", stack: "" });
  for (const name of ["code", "cause", "errors"]) expect(name in plain, name).toBe(false);
  const none = { stack: "", name: "" };
  const error = new GuestError({
    ...none,
    message: "m",
    code: "sE_\u202eX",
    nested: [
      { ...none, kind: "e", of: 0, as: "cause", message: "first\u001b", code: "n7" },
      { ...none, kind: "e", of: 1, as: "cause", message: "second" },
      { ...none, kind: "t", of: 2, as: "errors", message: "te\u202ext" },
      { ...none, kind: "n", of: 2, as: "errors", message: "1.5" },
      { ...none, kind: "c", of: 2, as: "errors", message: "null" },
      { ...none, kind: "c", of: 2, as: "errors", message: "true" },
      // Of a text: it has no errors, and nothing is made of it.
      { ...none, kind: "t", of: 3, as: "cause", message: "lost" },
    ],
  });
  expect(error.code).toMatch(/^E_.*X$/);
  expect(error.code).not.toContain("\u202e");
  const first = error.cause as GuestError;
  expect(first).toBeInstanceOf(GuestError);
  expect(first.message).not.toContain("\u001b");
  expect(first.code).toBe(7);
  const second = first.cause as GuestError;
  expect(second.errors).toEqual([expect.stringMatching(/^te.*xt$/), 1.5, null, true]);
  expect(Object.isFrozen(second.errors)).toBe(true);
  expect(Object.keys(error)).not.toContain("cause");
});

test("an error without a name has the name Error", () => {
  expect(new GuestError({ name: "", message: "m", stack: "" }).guestName).toBe("Error");
});
