import fc from "fast-check";
import { expect, test } from "vitest";

import { isSpelled, readIPv6, spellIPv6 } from "./ipv6-text.ts";

/** What the URL parser of the engine makes of it; null for what it refuses. */
function byUrl(text: string): string | null {
  if (!/^[0-9A-Fa-f:.]{0,45}$/.test(text)) return null;
  const hostname = URL.parse(`http://[${text}]/`)?.hostname;
  return hostname === undefined ? null : hostname.slice(1, -1);
}

function read(text: string): Uint16Array | null {
  // Between other characters, which are not read.
  return readIPv6(`1${text}1`, 1, text.length + 1);
}

function ours(text: string): string | null {
  const address = read(text);
  if (address === null) return null;
  const spelled = spellIPv6(address);
  expect(isSpelled(address, `0${text}0`, 1, text.length + 1), text).toBe(text === spelled);
  return spelled;
}

const part = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom("0", "1", "00", "0000", "ffff", "FfFf", "a0", "12345", ""),
  },
  {
    weight: 1,
    arbitrary: fc.string({ unit: fc.constantFrom(..."0123456789abcdefAF"), maxLength: 5 }),
  },
);
/** Texts that are an address or nearly one: of colons, groups and the end of an IPv4 address. */
const near = fc
  .tuple(
    fc.array(part, { maxLength: 9 }),
    fc.constantFrom(
      "",
      "",
      ":",
      "::",
      "::1",
      ":1.2.3.4",
      "::255.255.255.0",
      ":1.2.3",
      ":1.2.3.04",
      ":1.2.3.256",
      ".",
    ),
    fc.constantFrom("", "", "::", ":", "0::"),
  )
  .map(([parts, end, start]) => `${start}${parts.join(":")}${end}`);

test("an IPv6 address is read and spelled as the URL parser does, and nothing else is one", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        near,
        fc.ipV6(),
        fc.string({
          unit: fc.constantFrom("0", "1", "f", "F", ":", ":", ".", "9", "g", "%"),
          maxLength: 46,
        }),
        fc.string(),
      ),
      (text) => {
        expect(ours(text)).toBe(byUrl(text));
      },
    ),
    { numRuns: 20_000 },
  );
});

test("each address has one spelling, which is read as that address", () => {
  const group = fc.oneof(fc.constantFrom(0, 0, 0, 1, 0xffff), fc.nat(0xffff));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const text = spellIPv6(groups);
      expect([...(read(text) ?? [])]).toEqual(groups);
      expect([
        ...(read(groups.map((each) => each.toString(16).toUpperCase()).join(":")) ?? []),
      ]).toEqual(groups);
      expect(text).toBe(byUrl(text));
    }),
    { numRuns: 5000 },
  );
});
