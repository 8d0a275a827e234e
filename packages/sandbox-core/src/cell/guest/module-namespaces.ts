import type { Primordials } from "./primordials.ts";

export type Namespaces = ReturnType<typeof namespaces>;

/** Builds the namespaces through which modules see each other. Planted by its source text. */
export function namespaces({ create, defineGetter, ownKeys, SyntaxError }: Primordials) {
  return {
    /** Defines a getter for each export, so that bindings are live. */
    exposeAll(namespace: object, exported: Readonly<Record<string, () => unknown>>): void {
      const names = ownKeys(exported);
      for (let index = 0; index < names.length; index++) {
        const key = names[index] as string;
        defineGetter(namespace, key, exported[key] as () => unknown);
      }
    },

    /** `export * from`: adds all exports but the default and those that the module exports itself. */
    exportAll(namespace: object, from: object): void {
      const names = ownKeys(from);
      for (let index = 0; index < names.length; index++) {
        const key = names[index] as string;
        if (key !== "default" && !(key in namespace))
          defineGetter(namespace, key, () => (from as Record<string, unknown>)[key]);
      }
    },

    /** The namespace of a module that is not an ES module, as Node makes it: the exports as the default, and each of their own names. */
    namespaceOf(value: unknown): object {
      const namespace = create(null);
      if ((typeof value === "object" && value !== null) || typeof value === "function") {
        const keys = ownKeys(value);
        for (let index = 0; index < keys.length; index++) {
          const key = keys[index];
          // Leave `then` out: it would make the namespace a thenable, which `await` calls.
          if (typeof key === "string" && key !== "then")
            namespace[key] = (value as Record<string, unknown>)[key];
        }
      }
      namespace["default"] = value;
      return namespace;
    },

    /** @throws SyntaxError, as Node does, if the module does not export a name that is imported from it. */
    mustExport(name: string, namespace: object, wanted: string): void {
      if (!(wanted in namespace))
        throw new SyntaxError(
          `The requested module '${name}' does not provide an export named '${wanted}'`,
        );
    },
  };
}
