import fc from "fast-check";
import { expect, test } from "vitest";

import { GuestError } from "./errors.ts";

test("the frames of the guest's own program stay, those of anything below it do not", () => {
  const stack = [
    "TypeError: x is no function",
    "    at f (guest.js:2:3)",
    "    at Object.readFileSync (pyisolate:guest:10:20)",
    "    at eval (guest.js:7:1)",
    "    at eval (<anonymous>)",
    "    at (<isolated-vm boundary>)",
    "    at node:internal/process:1:1",
    "    at file:///srv/app/dist/cell.js:1:1",
    "no frame",
  ].join("\n");
  const error = new GuestError({ name: "TypeError", message: "x is no function", stack });
  expect(error.guestStack).toBe("    at f (guest.js:2:3)\n    at eval (guest.js:7:1)");
  expect(error.stack).toBe(
    "GuestError: TypeError: x is no function\n    at f (guest.js:2:3)\n    at eval (guest.js:7:1)",
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

test("an error without a name has the name Error", () => {
  expect(new GuestError({ name: "", message: "m", stack: "" }).guestName).toBe("Error");
});
