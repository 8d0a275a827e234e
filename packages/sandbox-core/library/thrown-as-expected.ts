type Inspect = (value: unknown, options?: object) => string;
type AnyFunction = (...args: unknown[]) => unknown;
type MakeError = new (options: object) => Error & { generatedMessage?: boolean };

/** Whether it is one of the tests that are here: a regular expression, a class or a function. The library has the others. */
export const isTest = (expected: unknown): expected is RegExp | AnyFunction =>
  expected instanceof RegExp || typeof expected === "function";

/** Throws the AssertionError of Node if what was thrown is not what `throws` or `rejects` was told to expect. The library would throw on what was thrown. */
export function checkThrown(
  AssertionError: MakeError,
  actual: unknown,
  expected: RegExp | AnyFunction,
  message: unknown,
  operation: AnyFunction,
): void {
  const problem = problemOf(actual, expected);
  if (problem === undefined) return;
  if (message instanceof Error) throw message;
  const isOwn = message === undefined;
  const error = new AssertionError({
    actual,
    expected,
    message: isOwn ? problem : message,
    operator: operation.name,
    stackStartFn: operation,
  });
  error.generatedMessage = isOwn;
  throw error;
}

function problemOf(actual: unknown, expected: RegExp | AnyFunction): string | undefined {
  const { inspect } = require("./inspect.ts") as { inspect: Inspect };
  if (expected instanceof RegExp) {
    const text = String(actual);
    return expected.exec(text) === null
      ? `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`
      : undefined;
  }
  const { name, prototype } = expected as AnyFunction & { prototype?: unknown };
  if (prototype !== undefined && actual instanceof expected) return undefined;
  if (Object.prototype.isPrototypeOf.call(Error, expected)) {
    const got =
      actual instanceof Error
        ? `"${actual.name}"\n\nError message:\n\n${actual.message}`
        : `"${inspect(actual, { depth: -1 })}"`;
    return `The error is expected to be an instance of "${name}". Received ${got}`;
  }
  const result = Reflect.apply(expected, {}, [actual]);
  if (result === true) return undefined;
  const caught = actual instanceof Error ? `\n\nCaught error:\n\n${String(actual)}` : "";
  return `The ${name === "" ? "" : `"${name}" `}validation function is expected to return "true". Received ${inspect(result)}${caught}`;
}
