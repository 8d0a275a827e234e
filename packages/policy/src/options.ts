import { inWords, isThenable } from "./parse/in-words.ts";
import { didYouMean } from "./parse/did-you-mean.ts";
import { quoted } from "./text.ts";

export { inWords, isThenable };

/** Says what is wrong with a value, in words that follow the option's name; undefined where it is right. */
export type OptionCheck = (value: unknown) => string | undefined;

/** A check for each option: one that is forgotten does not compile. */
export type OptionChecks<Options extends object> = {
  readonly [Name in keyof Options]-?: OptionCheck;
};

/**
 * Reads a caller's options, each once. An unknown key or a value of the wrong kind is refused: passed over, it would leave
 * off what the caller meant to switch on.
 *
 * @remarks Only the object's own keys count. An option that it inherits is refused too, unless every object has it.
 *
 * @param taker The function that takes them, for the message.
 * @returns a new object, without a prototype, with the options that are given; one that is undefined counts as left out.
 * @throws TypeError that names the option, says what is accepted and, where there is one, the word that was probably meant.
 * @example
 * const { port = 80 } = readOptions<{ port?: number }>("serve", given, { port: whole(0, 65_535) });
 */
export function readOptions<Options extends object>(
  taker: string,
  given: unknown,
  checks: OptionChecks<Options>,
): Partial<Options> {
  if (!isRecord(given)) {
    throw new TypeError(`${taker} takes an object of options, got ${inWords(given)}`);
  }
  const options = read(given, checks);
  if (typeof options === "string") throw new TypeError(options);
  return options;
}

/** @throws TypeError as {@link readOptions}, for one value that has a place of its own among the arguments. */
export function mustHold(name: string, value: unknown, check: OptionCheck): void {
  const mistake = check(value);
  if (mistake !== undefined) throw new TypeError(`${name} ${mistake}`);
}

/** A check of one's own. @param wanted Completes the sentence "must be". */
export function mustBe(wanted: string, holds: (value: unknown) => boolean): OptionCheck {
  return (value) => (holds(value) ? undefined : `must be ${wanted}, got ${inWords(value)}`);
}

/** One of some words. */
export function oneOf(words: readonly string[]): OptionCheck {
  const list = words.map((word) => JSON.stringify(word)).join(", ");
  const check = mustBe(`one of ${list}`, (value) => words.some((word) => word === value));
  return (value) => {
    const mistake = check(value);
    const near = typeof value === "string" ? didYouMean(value, words) : undefined;
    return mistake === undefined || near === undefined
      ? mistake
      : `${mistake}; did you mean "${near}"?`;
  };
}

/** A whole number between two others, both included. */
export function whole(min: number, max: number): OptionCheck {
  return mustBe(
    `a whole number from ${min} to ${max}`,
    (value) => typeof value === "number" && Number.isInteger(value) && value >= min && value <= max,
  );
}

export const nonEmptyText: OptionCheck = mustBe(
  "a string that is not empty",
  (value) => typeof value === "string" && value !== "",
);

export const flag: OptionCheck = mustBe("true or false", (value) => typeof value === "boolean");

/** A function. @param of What it is a function of, for the message. */
export function functionOf(of: string): OptionCheck {
  return mustBe(`a function of ${of}`, (value) => typeof value === "function");
}

/** An object with methods. @param what What it is, such as "a provider". @param optional Those that it need not have. */
export function withMethods(
  what: string,
  methods: readonly string[],
  optional: readonly string[] = [],
): OptionCheck {
  const named = methods.join(" and ");
  return mustBe(`${what} with a method ${named}`, (value) => {
    if (typeof value !== "object" || value === null) return false;
    const object = value as Readonly<Record<string, unknown>>;
    return (
      methods.every((name) => typeof object[name] === "function") &&
      optional.every((name) => object[name] === undefined || typeof object[name] === "function")
    );
  });
}

/** An object of options inside of options. @param needed Those that it cannot be without. */
export function optionsOf<Options extends object>(
  wanted: string,
  checks: OptionChecks<Options>,
  needed: readonly (keyof Options & string)[],
): OptionCheck {
  const isObject = mustBe(wanted, isRecord);
  return (value) => {
    if (!isRecord(value)) return isObject(value);
    const options = read(value, checks);
    if (typeof options === "string") return `must be ${wanted}: ${options}`;
    const missing = needed.find((name) => options[name] === undefined);
    return missing === undefined ? undefined : `must be ${wanted}: ${missing} is missing`;
  };
}

/** Whether an object's keys are its content; a list, a Map and a promise have theirs elsewhere, and would seem empty. */
export function isRecord(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return !(Symbol.iterator in value) && !isThenable(value);
}

/** The options that are given, or what is wrong with the first that is not right. */
function read<Options extends object>(
  given: object,
  checks: OptionChecks<Options>,
): Partial<Options> | string {
  const names = Object.keys(checks) as (keyof Options & string)[];
  for (const key of Reflect.ownKeys(given)) {
    if (!names.some((name) => name === key)) return unknownOption(key, names);
  }
  // Without a prototype: an option that was left out is not read from what a library put on every object.
  const options = Object.create(null) as Partial<Options>;
  for (const name of names) {
    if (!Object.hasOwn(given, name)) {
      if (isInherited(given, name)) {
        return `${name} is inherited, and options are read from the object itself: write { ...options, ${name} }`;
      }
      continue;
    }
    const value = (given as Options)[name];
    if (value === undefined) continue;
    const mistake = checks[name](value);
    if (mistake !== undefined) return `${name} ${mistake}`;
    options[name] = value;
  }
  return options;
}

function unknownOption(key: string | symbol, names: readonly string[]): string {
  const written = String(key);
  const spelt = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(written) ? written : quoted(written);
  const near = typeof key === "string" ? didYouMean(key, names) : undefined;
  const allowed = near === undefined ? "; allowed" : `; did you mean ${near}? Allowed`;
  return `unknown option ${spelt}${allowed} are ${names.join(", ")}`;
}

/** From a class or another object. What a library put on every object is no option. */
function isInherited(given: object, name: string): boolean {
  return name in given && !(name in Object.prototype);
}
