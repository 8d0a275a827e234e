import type { LibraryLoader } from "./library-loader.ts";
import type { Primordials } from "./primordials.ts";

/**
 * Makes `Atomics.waitAsync` and `Atomics.notify` parts of the library when the guest first reads them. Both are needed: only the
 * library's `notify` wakes who waits by the library's `waitAsync`. Planted by its source text.
 */
export function atomicsStubs(
  { defineProperty, own, realm }: Primordials,
  { load }: Pick<LibraryLoader, "load">,
): void {
  const real = realm["Atomics"] as Record<string, unknown>;
  const { notify, waitAsync } = real;

  function defineLazy(name: string): void {
    defineProperty(real, name, {
      __proto__: null,
      get: () => {
        const { made } = load("atomics") as {
          made: (native: object) => Record<string, unknown>;
        };
        const value = made({ notify, waitAsync })[name];
        own(real, name, value);
        return value;
      },
      set: (value: unknown) => {
        own(real, name, value);
      },
      configurable: true,
      enumerable: false,
    } as PropertyDescriptor);
  }

  defineLazy("notify");
  defineLazy("waitAsync");
}
