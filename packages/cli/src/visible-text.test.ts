import fc from "fast-check";
import { expect, test } from "vitest";

import { plain, visible } from "./visible-text.ts";

const text = fc.string({ unit: "binary", maxLength: 300 });

test("the pieces of any text are visible and read in one direction", () => {
  fc.assert(
    fc.property(text, (text) => {
      for (const { kind, text: piece } of visible(text).pieces) {
        expect(piece).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u);
        expect(piece).not.toMatch(/\p{M}{3}/u);
        expect(kind === "text" || /^U\+[0-9A-F]{4,6}$/.test(piece)).toBe(true);
      }
    }),
  );
});

test("every character of a text is shown, or counted as left out", () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 50 }), (text, most) => {
      const { pieces, left } = visible(text, most);
      const back = pieces
        .map(({ kind, text }) =>
          kind === "text" ? text : String.fromCodePoint(Number.parseInt(text.slice(2), 16)),
        )
        .join("");
      const characters = [...text.toWellFormed()];
      expect(back).toBe(characters.slice(0, most).join(""));
      expect(left).toBe(Math.max(0, characters.length - most));
    }),
  );
});

test.each([
  ["/srv/\u202Etxt.exe", "/srv/<U+202E>txt.exe"],
  ["\u001B[31mred\u0007", "<U+001B>[31mred<U+0007>"],
  ["a\nb\u00A0c\u200Bd", "a<U+000A>b<U+00A0>c<U+200B>d"],
  ["Z\u0300\u0301\u0302\u0303", "Z\u0300\u0301<U+0302><U+0303>"],
  ["\uD800\u3164", "\uFFFD<U+3164>"],
  ["plain text, été, 名前", "plain text, été, 名前"],
])("%j reads %j", (text, shown) => {
  expect(plain(text)).toBe(shown);
});
