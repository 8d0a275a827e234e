import type { Primordials } from "./primordials.ts";

export type Namespaces = ReturnType<typeof namespaces>;

/** What modules see of each other. Planted by its source text. */
export function namespaces({ create, defineGetter, ownKeys, SyntaxError }: Primordials) {
  return {
    /** Every export under its name, read when it is asked for: bindings are live. */
    exposeAll(namespace: object, exported: Readonly<Record<string, () => unknown>>): void {
      const names = ownKeys(exported);
      for (let index = 0; index < names.length; index++) {
        const key = names[index] as string;
        defineGetter(namespace, key, exported[key] as () => unknown);
      }
    },

    /** `export * from`: all but the default, and what the module exports itself. */
    exportAll(namespace: object, from: object): void {
      const names = ownKeys(from);
      for (let index = 0; index < names.length; index++) {
        const key = names[index] as string;
        if (key !== "default" && !(key in namespace))
          defineGetter(namespace, key, () => (from as Record<string, unknown>)[key]);
      }
    },

    /** For what is no ES module, as Node makes one: the exports are the default, and their own names. */
    namespaceOf(value: unknown): object {
      const namespace = create(null);
      if ((typeof value === "object" && value !== null) || typeof value === "function") {
        const keys = ownKeys(value);
        for (let index = 0; index < keys.length; index++) {
          const key = keys[index];
          // A `then` would make the namespace a thenable, which `await` calls.
          if (typeof key === "string" && key !== "then")
            namespace[key] = (value as Record<string, unknown>)[key];
        }
      }
      namespace["default"] = value;
      return namespace;
    },

    /** @throws SyntaxError, as Node does, where a module lacks what is imported from it. */
    mustExport(name: string, namespace: object, wanted: string): void {
      if (!(wanted in namespace))
        throw new SyntaxError(
          `The requested module '${name}' does not provide an export named '${wanted}'`,
        );
    },
  };
}
