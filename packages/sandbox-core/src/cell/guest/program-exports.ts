import type { Primordials } from "./primordials.ts";

export type ProgramExports = ReturnType<typeof programExports>;

/** What module programs export, for later calls by name. Planted by its source text. */
export function programExports({ create, ownKeys }: Primordials) {
  type Read = () => unknown;
  /** By name: reads the value that the export has now. */
  let readers = create(null) as Record<string, Read>;

  return {
    /**
     * Adds the exports of a program that has run; they replace those of the same names. Called by the program's own text.
     *
     * @param stars Namespaces of which all but the default is exported.
     */
    expose: (given: Readonly<Record<string, Read>>, stars: readonly object[]): void => {
      const made = create(null) as Record<string, Read>;
      for (const name in readers) made[name] = readers[name] as Read;
      for (let index = 0; index < stars.length; index++) {
        const namespace = stars[index] as Record<string, unknown>;
        const names = ownKeys(namespace);
        for (let at = 0; at < names.length; at++) {
          const name = names[at];
          if (typeof name === "string" && name !== "default") made[name] = () => namespace[name];
        }
      }
      for (const name in given) made[name] = given[name] as Read;
      // At once: a program that is cut off before exports nothing.
      readers = made;
    },
    /** The value of an export; undefined if there is none. Throws what reading it throws. */
    exported: (name: string): unknown => readers[name]?.(),
  };
}
