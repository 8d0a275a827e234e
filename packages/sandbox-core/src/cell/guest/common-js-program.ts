import type { Primordials } from "./primordials.ts";
import type { ProgramExports } from "./program-exports.ts";

export type CommonJsProgram = ReturnType<typeof commonJsProgram>;

/** Runs a program that is written as a CommonJS module. Planted by its source text. */
export function commonJsProgram(
  { apply, create, indirectEval, own, ownKeys }: Primordials,
  { expose }: ProgramExports,
  require: object,
) {
  type Body = (...args: unknown[]) => unknown;
  /** In a function, so that `module` is no global: there a package would take the cell for a CommonJS loader. */
  const runsText = indirectEval(
    "(function (eval, module, exports) { return eval(arguments[3]); })",
  ) as Body;

  /** Makes what the program exports callable by name, as it is when it is called. */
  function exposeAll(exports: unknown): void {
    const isFunction = typeof exports === "function";
    if (!isFunction && (typeof exports !== "object" || exports === null)) return;
    const read = create(null) as Record<string, () => unknown>;
    const names = ownKeys(exports);
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      if (typeof name === "string")
        own(read, name, () => (exports as Record<string, unknown>)[name], true);
    }
    if (isFunction) own(read, "default", () => exports, true);
    expose(read, []);
  }

  const evaluate = (source: string, exports?: unknown, module?: object): unknown =>
    apply(runsText, exports, [indirectEval, module, exports, source]);

  /**
   * @param body The text as a function of `module` and `exports`, where it has a top-level `return`.
   * @returns The value of the program's last statement, or what it returns, and its `module.exports`.
   */
  function run(source: string, body: Body | undefined): { value: unknown; exports: unknown } {
    const module = { exports: {} as unknown };
    own(require, "main", module, true);
    const { exports } = module;
    const value =
      body === undefined
        ? evaluate(source, exports, module)
        : apply(body, exports, [module, exports]);
    exposeAll(module.exports);
    return { value, exports: module.exports };
  }

  return {
    run,
    /** Runs a text in the scope that such a program has, where its functions are not global. */
    evaluate: (source: string): unknown => evaluate(source),
  };
}
