import { inWords, isThenable } from "./describe-value.ts";
import { didYouMean } from "./parse/did-you-mean.ts";
import { quoted } from "./clean-text.ts";

export { inWords, isThenable };

/** Says what is wrong with a value, in words that follow the option's name; undefined for a valid value. */
export type OptionCheck = (value: unknown) => string | undefined;

/** One check for each option. A missing check is a compile error. */
export type OptionChecks<Options extends object> = {
  readonly [Name in keyof Options]-?: OptionCheck;
};

/**
 * Reads a caller's options, each once. Refuses an unknown key and a value of the wrong kind: if it ignored them, what the caller
 * meant to switch on would stay off.
 *
 * @remarks Only the object's own keys count. An inherited option is refused too, unless every object inherits it.
 *
 * @param taker The function that takes the options, for the message.
 * @returns a new object without a prototype that holds the given options. An undefined option counts as left out.
 * @throws TypeError that names the option, says what is accepted and, if there is a near word, which one was probably meant.
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

/** Checks a single argument. @throws TypeError as {@link readOptions}. */
export function mustHold(name: string, value: unknown, check: OptionCheck): void {
  const mistake = check(value);
  if (mistake !== undefined) throw new TypeError(`${name} ${mistake}`);
}

/** A custom check. @param wanted Completes the sentence "must be". */
export function mustBe(wanted: string, holds: (value: unknown) => boolean): OptionCheck {
  return (value) => (holds(value) ? undefined : `must be ${wanted}, got ${inWords(value)}`);
}

/** Accepts one of several words. */
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

/** Accepts a whole number from `min` to `max`, both included. */
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

/** Accepts a function. @param of Its parameter, for the message. */
export function functionOf(of: string): OptionCheck {
  return mustBe(`a function of ${of}`, (value) => typeof value === "function");
}

/** Accepts an object with methods. @param what Its name in the message, such as "a provider". @param optional Methods that it may lack. */
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

/** Accepts an object of options as the value of an option. @param needed Options that must be given. */
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

/** Whether an object's content is its keys. A list, a Map and a promise keep theirs elsewhere, and would look empty. */
export function isRecord(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return !(Symbol.iterator in value) && !isThenable(value);
}

/** The given options; for a mistake, what is wrong with the first option that has one. */
function read<Options extends object>(
  given: object,
  checks: OptionChecks<Options>,
): Partial<Options> | string {
  const names = Object.keys(checks) as (keyof Options & string)[];
  for (const key of Reflect.ownKeys(given)) {
    if (!names.some((name) => name === key)) return unknownOption(key, names);
  }
  // Use no prototype, so that an option that was left out is not read from a property that a library put on Object.prototype.
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

/** Whether an option comes from a class or another object. A property that a library put on Object.prototype does not count. */
function isInherited(given: object, name: string): boolean {
  return name in given && !(name in Object.prototype);
}
