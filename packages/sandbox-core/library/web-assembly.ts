/** As much of the namespace `WebAssembly` as is used here. */
interface Namespace {
  readonly Module: new (bytes: unknown, options?: unknown) => object;
  readonly Instance: new (module: object, imports?: unknown) => object;
}

/**
 * Makes `compile` and `instantiate` of the synchronous `Module` and `Instance`. An isolate runs none of the tasks by which the engine
 * would settle its own, so they would wait for ever.
 */
export function install(namespace: Namespace): void {
  const { Module, Instance } = namespace;

  /** Runs a constructor's work under a function's name, which its messages begin with. */
  function named<T>(name: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof Error && typeof error.message === "string")
        error.message = error.message.replace(
          /^WebAssembly\.(?:Module|Instance)\(\)/,
          `WebAssembly.${name}()`,
        );
      throw error;
    }
  }

  // Methods: as the engine's own, they cannot be constructed, and their `length` is 1.
  const made = {
    // The bytes are read before it returns: the caller may change them afterwards.
    async compile(bytes: unknown, ...[options]: unknown[]): Promise<object> {
      return named("compile", () => new Module(bytes, options));
    },
    async instantiate(source: unknown, ...[imports, options]: unknown[]): Promise<object> {
      if (!isObject(source))
        throw new TypeError(
          "WebAssembly.instantiate(): Argument 0 must be a buffer source or a WebAssembly.Module object",
        );
      if (imports !== undefined && !isObject(imports))
        throw new TypeError("WebAssembly.instantiate(): Argument 1 must be an object");
      const isModule = source instanceof Module;
      const module = isModule ? source : named("instantiate", () => new Module(source, options));
      // A start function runs when the caller has gone on.
      await Promise.resolve();
      const instance = named("instantiate", () => new Instance(module, imports));
      return isModule ? instance : { module, instance };
    },
  };
  for (const [name, value] of Object.entries(made))
    Object.defineProperty(namespace, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
}

const isObject = (value: unknown): boolean =>
  (typeof value === "object" && value !== null) || typeof value === "function";
