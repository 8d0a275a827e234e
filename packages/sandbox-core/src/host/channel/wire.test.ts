import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { MAX_REQUEST_BYTES, MAX_REQUEST_TARGET } from "../../frames.ts";
import { GUEST_SURFACE } from "../../surface.ts";
import { parseFailure } from "./parse-failure.ts";
import { parseConsole, parseRequest, WireError } from "./wire.ts";

const parsers = { parseRequest, parseFailure, parseConsole };

function bytesOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Parsed, or undefined for a WireError; any other error is thrown on. */
function outcome(parse: (body: Buffer) => unknown, body: Buffer): unknown {
  try {
    return parse(body);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

const almostRequest = fc.record(
  {
    c: fc.oneof(
      fc.constantFrom("filesystem", "network", "limit", "__proto__", "constructor"),
      fc.jsonValue(),
    ),
    o: fc.oneof(fc.constantFrom("read", "connect", "cpu", "toString"), fc.jsonValue()),
    t: fc.oneof(fc.string({ unit: "binary" }), fc.jsonValue()),
    x: fc.oneof(fc.nat(), fc.double(), fc.jsonValue()),
    bad: fc.jsonValue(),
    more: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

describe.each(Object.entries(parsers))("%s", (_name, parse) => {
  test("any bytes are parsed or a WireError", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 256 }),
        (bytes) => void outcome(parse, Buffer.from(bytes)),
      ),
    );
  });

  test("any JSON is parsed or a WireError", () => {
    fc.assert(
      fc.property(
        fc.oneof(almostRequest, fc.jsonValue()),
        (value) => void outcome(parse, bytesOf(value)),
      ),
    );
  });

  test("a body without end is a WireError before it is parsed", () => {
    expect(outcome(parse, Buffer.alloc(2 * 1024 * 1024, "["))).toBeUndefined();
  });
});

test("every operation of the surface is a request, and no other is", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(GUEST_SURFACE)),
      fc.constantFrom(...Object.values(GUEST_SURFACE)),
      (one, other) => {
        const parsed = outcome(
          parseRequest,
          bytesOf({ c: one.capability, o: other.operation, t: "x", x: 1 }),
        );
        const exists = Object.values(GUEST_SURFACE).some(
          ({ capability, operation }) =>
            capability === one.capability && operation === other.operation,
        );
        expect(parsed !== undefined).toBe(exists);
      },
    ),
  );
});

test("the longest target fits into a request, whatever its characters", () => {
  for (const character of ["\u0001", "\uffff", '"', "x"]) {
    const body = bytesOf({
      c: "filesystem",
      o: "read",
      t: character.repeat(MAX_REQUEST_TARGET),
      x: 0xffffffff,
      bad: "x".repeat(256),
    });
    expect(body.length).toBeLessThanOrEqual(MAX_REQUEST_BYTES);
    expect(parseRequest(body)).toMatchObject({ kind: "guard", malformed: "x".repeat(256) });
  }
});

test("a malformed request is one however little it says", () => {
  expect(parseRequest(bytesOf({ c: "filesystem", o: "read", t: "", x: 1, bad: "" }))).toMatchObject(
    { malformed: "" },
  );
});

test("a limit is one of those that only a cell can see", () => {
  expect(parseRequest(bytesOf({ c: "limit", o: "cpu", t: "", x: 7 }))).toEqual({
    kind: "limit",
    limit: "cpu",
    call: 7,
  });
  expect(() => parseRequest(bytesOf({ c: "limit", o: "wall", t: "", x: 7 }))).toThrow(WireError);
});
