import { invalidArgument } from "./argument-errors.ts";
import process from "./process.ts";

type Callback = (error: unknown, ...values: unknown[]) => void;
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

const custom = Symbol.for("nodejs.util.promisify.custom");
/** On a function whose callback gets several values: their names. Node has a symbol of its own for it. */
const valueNames = Symbol.for("nodejs.util.promisify.valueNames");

/** A function that returns a promise, of one that takes a callback as its last argument. */
export function promisify(original: unknown): AnyFunction {
  mustBeFunction("original", original);
  const own = (original as unknown as Record<symbol, unknown>)[custom];
  if (own !== undefined) {
    mustBeFunction("util.promisify.custom", own);
    Object.defineProperty(own, custom, { value: own, configurable: true });
    return own;
  }
  const names = (original as unknown as Record<symbol, readonly string[] | undefined>)[valueNames];
  const promised: AnyFunction = function (...args) {
    return new Promise((resolve, reject) => {
      const done: Callback = (error, ...values) => {
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the callback's own error
        if (error) reject(error);
        else if (names === undefined || values.length < 2) resolve(values[0]);
        else resolve(Object.fromEntries(names.map((name, at) => [name, values[at]])));
      };
      Reflect.apply(original, this, [...args, done]);
    });
  };
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original) as object);
  Object.defineProperty(promised, custom, { value: promised, configurable: true });
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = custom;

/** A function that takes a callback as its last argument, of one that returns a promise. */
export function callbackify(original: unknown): AnyFunction {
  mustBeFunction("original", original);
  const called: AnyFunction = function (...args) {
    const callback = args.pop();
    mustBeFunction("last argument", callback);
    const promise = Reflect.apply(original, this, args) as Promise<unknown>;
    promise.then(
      (value) => process.nextTick(callback, null, value),
      (error: unknown) => process.nextTick(callback, error ?? rejectedWith(error)),
    );
  };
  Object.setPrototypeOf(called, Object.getPrototypeOf(original) as object);
  const described = Object.getOwnPropertyDescriptors(original) as Record<
    string,
    PropertyDescriptor
  >;
  if (typeof described["name"]?.value === "string") described["name"].value += "Callbackified";
  if (typeof described["length"]?.value === "number") described["length"].value += 1;
  return Object.defineProperties(called, described);
}

function rejectedWith(reason: unknown): Error {
  const error = new Error("Promise was rejected with falsy value");
  return Object.assign(error, { code: "ERR_FALSY_VALUE_REJECTION", reason });
}

function mustBeFunction(name: string, value: unknown): asserts value is AnyFunction {
  if (typeof value !== "function") throw invalidArgument(name, "of type function", value);
}
