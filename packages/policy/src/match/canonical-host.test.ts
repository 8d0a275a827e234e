import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { canonicalHost, isPublicAddress } from "../index.ts";

describe("canonicalHost", () => {
  test.each([
    ["EXAMPLE.com.", "example.com"],
    ["münchen.de", "xn--mnchen-3ya.de"],
    ["faß.de", "xn--fa-hia.de"],
    ["ⓔxample.com", "example.com"],
    ["exa\u00admple.com", "example.com"],
    ["a_b.example", "a_b.example"],
    ["localhost", "localhost"],
    ["1e3", "1e3"],
    ["127.0.0.1", "127.0.0.1"],
    ["127.1", "127.0.0.1"],
    ["0x7f.1", "127.0.0.1"],
    ["0x7f000001", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["017700000001", "127.0.0.1"],
    ["0177.0.0.01", "127.0.0.1"],
    ["127.0.0.1.", "127.0.0.1"],
    ["１２７。0。0。1", "127.0.0.1"],
    ["0", "0.0.0.0"],
    ["::1", "[::1]"],
    ["[::1]", "[::1]"],
    ["[0:0:0:0:0:0:0:1]", "[::1]"],
    ["[2001:DB8::0:1]", "[2001:db8::1]"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["[::FFFF:7f00:1]", "127.0.0.1"],
    ["::ffff:0:0", "0.0.0.0"],
    ["::127.0.0.1", "[::7f00:1]"],
  ])("reads %s as %s", (host, canonical) => {
    expect(canonicalHost(host)).toBe(canonical);
  });

  test.each([
    "",
    ".",
    "a..b",
    ".a",
    "a.com..",
    "1.2.3.4..",
    "256.1.1.1",
    "1.2.3.4.5",
    "4294967296",
    "foo.1",
    "foo.0x1",
    "fe80::1%eth0",
    "[fe80::1%25eth0]",
    "[::1",
    "::1]",
    "[::1]:80",
    "[]",
    "[:]",
    "1::2::3",
    "[127.0.0.1]",
    "a b",
    " a",
    "a\n",
    "a\t.com",
    "a\0",
    "a/b",
    "a?b",
    "a#b",
    "a@b",
    "a:80",
    "a\\b",
    "%61.com",
    "127.0.0.1%00",
    "*.a.com",
    "a,b",
    "a*b",
    `${"a".repeat(64)}.com`,
    `${"a.".repeat(127)}com`,
    "\ud800",
    "xn--\u{1f600}".repeat(400),
  ])("%j is not a host", (host) => {
    expect(canonicalHost(host)).toBeNull();
  });

  test("only text is a host", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        fc.pre(typeof value !== "string");
        expect(canonicalHost(value as string)).toBeNull();
      }),
    );
  });

  test("given its own result, it gives the same", () => {
    const unit = fc.constantFrom(
      "a",
      "Z",
      "0",
      "1",
      "9",
      "x",
      ".",
      "-",
      "_",
      ":",
      "[",
      "]",
      "é",
      "ß",
      "。",
      "１",
      "xn--",
      "f",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit, maxLength: 12 }),
          fc.string({ unit: "binary" }),
          fc.domain(),
          fc.ipV6(),
        ),
        (host) => {
          const once = canonicalHost(host);
          expect(once === null ? null : canonicalHost(once)).toBe(once);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("agrees with the URL parser about every name and address that both accept", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.domain(),
          fc.ipV4Extended(),
          fc.ipV6().map((text) => `[${text}]`),
        ),
        (host) => {
          const canonical = canonicalHost(host);
          const url = URL.parse(`http://${host}/`)?.hostname;
          if (canonical === null || url === undefined || url.startsWith("[::ffff:")) return;
          expect(canonical).toBe(url.replace(/\.$/, ""));
        },
      ),
    );
  });

  test("all spellings of an IPv4 address are one", () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff_ffff),
        fc.array(fc.constantFrom(10, 8, 16), { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (value, bases, count) => {
          const octets = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
          const spell = (part: number, base: number | undefined) =>
            base === 16
              ? `0X${part.toString(16)}`
              : base === 8
                ? `0${part.toString(8)}`
                : String(part);
          const head = octets.slice(0, count - 1);
          const last = octets.slice(count - 1).reduce((sum, octet) => sum * 256 + octet, 0);
          const short = [...head, last].map((part, at) => spell(part, bases[at])).join(".");
          const plain = octets.join(".");
          const groups = `${((value >>> 16) & 0xffff).toString(16)}:${(value & 0xffff).toString(16)}`;
          for (const spelling of [
            short,
            `${short}.`,
            plain,
            `::ffff:${plain}`,
            `[::FFFF:${groups}]`,
            `0:0:0:0:0:ffff:${groups}`,
          ]) {
            expect(canonicalHost(spelling), spelling).toBe(plain);
          }
        },
      ),
    );
  });
});

describe("isPublicAddress", () => {
  test.each([
    "8.8.8.8",
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "223.255.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "2606:4700:4700::1111",
    "[2a00:1450::1]",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "134744072",
  ])("%s is public", (address) => expect(isPublicAddress(address)).toBe(true));

  test.each([
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "::8.8.8.8",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:a00:1::",
    "2002:7f00:1::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fe80::1%eth0",
    "127.1",
    "0x7f.1",
    "example.com",
    "",
    "8.8.8.8:53",
    "8.8.8.8/32",
  ])("%s is not", (address) => expect(isPublicAddress(address)).toBe(false));
});
