import bare from "assert/build/assert.js";

import { checkThrown, isTest } from "./thrown-as-expected.ts";

type AnyFunction = (...args: unknown[]) => unknown;
type Assert = typeof bare & Record<"throws" | "rejects", AnyFunction>;

const assert = bare as Assert;
const { throws: throwsBare, rejects: rejectsBare } = assert;

function throws(...args: unknown[]): unknown {
  const [run, expected, message] = args;
  if (typeof run !== "function" || !isTest(expected)) return throwsBare(...args);
  try {
    (run as AnyFunction)();
  } catch (error) {
    checkThrown(assert.AssertionError, error, expected, message, throws);
    return undefined;
  }
  return throwsBare(() => undefined, expected, message);
}

async function rejects(...args: unknown[]): Promise<unknown> {
  const [given, expected, message] = args;
  if (!isTest(expected)) return await rejectsBare(...args);
  const promise = typeof given === "function" ? (given as AnyFunction)() : given;
  if (typeof (promise as { then?: unknown } | null | undefined)?.then !== "function")
    return await rejectsBare(typeof given === "function" ? () => promise : given, expected);
  try {
    await promise;
  } catch (error) {
    checkThrown(assert.AssertionError, error, expected, message, rejects);
    return undefined;
  }
  return await rejectsBare(Promise.resolve(), expected, message);
}

for (const target of [assert, assert.strict]) Object.assign(target, { throws, rejects });

export { assert as default, assert as "module.exports" };
