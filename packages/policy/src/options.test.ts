import fc from "fast-check";
import { expect, expectTypeOf, test } from "vitest";

import {
  flag,
  functionOf,
  isThenable,
  mustBe,
  mustHold,
  nonEmptyText,
  oneOf,
  type OptionChecks,
  optionsOf,
  readOptions,
  whole,
  withMethods,
} from "./options.ts";

interface Options {
  readonly colour?: "red" | "green";
  readonly size?: number;
  readonly sink?: object;
  readonly spare?: object;
}

const CHECKS: OptionChecks<Options> = {
  colour: oneOf(["red", "green"]),
  size: whole(0, 9),
  sink: withMethods("a sink", ["record"], ["closed"]),
  spare: optionsOf<{ at: string; every?: number }>(
    "{ at, every }",
    { at: nonEmptyText, every: whole(1, 9) },
    ["at"],
  ),
};

const read = (given: unknown): Partial<Options> => readOptions("paint", given, CHECKS);
const NAMES = "colour, size, sink, spare";

test("what is given comes back, and what is undefined counts as left out", () => {
  const sink = { record: () => {}, closed: undefined };
  expect({ ...read({ colour: "red", size: 3, sink, spare: undefined }) }).toEqual({
    colour: "red",
    size: 3,
    sink,
  });
  expect({ ...read(Object.create(null)) }).toEqual({});
});

test.each([
  [{ color: "red" }, `unknown option color; did you mean colour? Allowed are ${NAMES}`],
  [{ SIZE: 3 }, `unknown option SIZE; did you mean size? Allowed are ${NAMES}`],
  [{ weight: 3 }, `unknown option weight; allowed are ${NAMES}`],
  [{ weight: undefined }, `unknown option weight; allowed are ${NAMES}`],
  [{ ["a\nb\u202e"]: 1 }, String.raw`unknown option "a\u{a}b\u{202e}"; allowed are ${NAMES}`],
  [{ ["x".repeat(1e6)]: 1 }, `unknown option "${"x".repeat(79)}…"; allowed are ${NAMES}`],
  [{ [Symbol("size")]: 3 }, `unknown option "Symbol(size)"; allowed are ${NAMES}`],
  [JSON.parse('{"__proto__": {"size": 3}}'), `unknown option __proto__; allowed are ${NAMES}`],
  [Object.defineProperty({}, "siez", { value: 3 }), "unknown option siez; did you mean size?"],
  [Object.create({ size: 3 }), "size is inherited, and options are read from the object itself"],
  [
    new (class {
      get colour() {
        return "red";
      }
    })(),
    "colour is inherited",
  ],
  [{ colour: "gren" }, 'colour must be one of "red", "green", got "gren"; did you mean "green"?'],
  [{ colour: "blue" }, 'colour must be one of "red", "green", got "blue"'],
  [{ colour: null }, 'colour must be one of "red", "green", got null'],
  [{ colour: ["red"] }, 'colour must be one of "red", "green", got a list'],
  [{ size: 10 }, "size must be a whole number from 0 to 9, got 10"],
  [{ size: Number.NaN }, "size must be a whole number from 0 to 9, got NaN"],
  [{ size: "3" }, 'size must be a whole number from 0 to 9, got "3"'],
  [{ size: 3n }, "size must be a whole number from 0 to 9, got 3"],
  [{ size: Promise.resolve(3) }, "size must be a whole number from 0 to 9, got a promise; await"],
  [{ size: Symbol("\n") }, String.raw`got Symbol(\u{a})`],
  [{ sink: {} }, "sink must be a sink with a method record, got an object"],
  [{ sink: () => {} }, "sink must be a sink with a method record, got a function"],
  [{ sink: { record: () => {}, closed: "no" } }, "sink must be a sink with a method record"],
  [{ sink: new Uint8Array(1) }, "sink must be a sink with a method record, got bytes"],
  [{ spare: "x" }, 'spare must be { at, every }, got "x"'],
  [{ spare: { every: 2 } }, "spare must be { at, every }: at is missing"],
  [{ spare: { at: "x", evry: 2 } }, "unknown option evry; did you mean every?"],
  [{ spare: { at: "x", every: 0 } }, "spare must be { at, every }: every must be a whole number"],
  [undefined, "paint takes an object of options, got undefined"],
  [null, "paint takes an object of options, got null"],
  ["red", 'paint takes an object of options, got "red"'],
  [[], "paint takes an object of options, got a list"],
  [new Map([["size", 3]]), "paint takes an object of options, got a Map or Set"],
  [async () => await Promise.resolve({}), "paint takes an object of options, got a function"],
  [Promise.resolve({ size: 3 }), "paint takes an object of options, got a promise; await it first"],
])("%o is refused", (given, message) => {
  expect(() => read(given)).toThrow(TypeError);
  expect(() => read(given)).toThrow(message);
});

test("each option is read once", () => {
  const asked: string[] = [];
  const given = {
    get colour() {
      asked.push("colour");
      return asked.length === 1 ? "red" : "no colour";
    },
  };
  expect(read(given).colour).toBe("red");
  expect(asked).toEqual(["colour"]);
});

test("a property that a library put on every object is neither an option nor a mistake", () => {
  Object.assign(Object.prototype, { size: 3, colour: "blue" });
  try {
    const { size, colour } = read({});
    expect([size, colour]).toEqual([undefined, undefined]);
  } finally {
    for (const name of ["size", "colour"]) Reflect.deleteProperty(Object.prototype, name);
  }
});

test("whatever is passed, the result is a valid option or a TypeError of one clean line", () => {
  const key = fc.oneof(
    fc.constantFrom("colour", "size", "sink", "spare"),
    fc.string({ unit: "binary" }),
  );
  const value = fc.oneof(fc.constantFrom("red", 3), fc.anything(), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.dictionary(key, value, { maxKeys: 3 })), (given) => {
      let mistake: unknown;
      try {
        const { colour, size } = read(given);
        expect([undefined, "red", "green"]).toContain(colour);
        expect(size === undefined || Number.isInteger(size)).toBe(true);
        return;
      } catch (error) {
        mistake = error;
      }
      expect(mistake).toBeInstanceOf(TypeError);
      const { message } = mistake as TypeError;
      expect(message.length).toBeLessThan(300);
      expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 1000 },
  );
});

test("a check names what it wants", () => {
  expect(flag(1)).toBe("must be true or false, got 1");
  expect(flag(false)).toBeUndefined();
  expect(functionOf("a name")({})).toBe("must be a function of a name, got an object");
  expect(functionOf("a name")(() => {})).toBeUndefined();
  expect(() =>
    mustHold(
      "it",
      1,
      mustBe("two", (value) => value === 2),
    ),
  ).toThrow(new TypeError("it must be two, got 1"));
});

test("a promise of another realm or library is recognised, and an object that throws when asked is not a promise", () => {
  // oxlint-disable-next-line unicorn/no-thenable -- telling these apart is what is tested
  const settling = (then: unknown): object => ({ then });
  expect(isThenable(settling(() => {}))).toBe(true);
  expect(isThenable(settling("later"))).toBe(false);
  const closed = new Proxy(
    {},
    {
      get: () => {
        throw new Error("no");
      },
    },
  );
  expect(isThenable(closed)).toBe(false);
});

test("a check that is forgotten does not compile", () => {
  expectTypeOf({ colour: flag, size: flag, sink: flag }).not.toExtend<OptionChecks<Options>>();
  expectTypeOf({ colour: flag, size: flag, sink: flag, spare: flag }).toExtend<
    OptionChecks<Options>
  >();
});
