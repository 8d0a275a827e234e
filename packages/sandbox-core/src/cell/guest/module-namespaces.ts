import type { Primordials } from "./primordials.ts";

export type Namespaces = ReturnType<typeof namespaces>;

/** Builds the namespaces through which modules see each other, and places the errors of what is not in them. Planted by its source text. */
export function namespaces({
  create,
  defineGetter,
  indexOf,
  own,
  ownKeys,
  slice,
  SyntaxError,
}: Primordials) {
  /**
   * Does what an import of a program needs. An error out of it ends in the place of that import, and not in the line of ours that
   * stands for all imports, in front of the program.
   */
  function placed(place: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      const stack: unknown =
        typeof error === "object" && error !== null ? (error as { stack?: unknown }).stack : "";
      if (typeof stack === "string" && stack !== "") {
        let end = indexOf(stack, "\n    at eval (guest.js:1:");
        if (end === -1) end = indexOf(stack, "\n    at async eval (guest.js:1:");
        own(
          error as object,
          "stack",
          `${slice(stack, 0, end === -1 ? stack.length : end)}\n    at guest.js:${place}`,
        );
      }
      throw error;
    }
  }

  return {
    placed,

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
