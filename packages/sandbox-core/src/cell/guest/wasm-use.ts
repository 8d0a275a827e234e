import type { LibraryLoader } from "./library-loader.ts";
import type { Primordials } from "./primordials.ts";

/**
 * Tells whether the guest has ever read `WebAssembly`, and so may hold a Module. `v8.serialize` leaves a hole in the bytes where
 * a Module was and reports nothing, so a value that may hold one is made of plain values first. At that first read the library gives the namespace an asynchronous half
 * that settles. Planted by its source text.
 *
 * @returns a function that throws if the guest may hold a Module; the cell then takes the value once more, made plain.
 */
export function wasmUse(
  { own, realm, TypeError }: Primordials,
  { load }: Pick<LibraryLoader, "load">,
): () => void {
  const { WebAssembly: real } = realm;
  let isUsed = false;
  Reflect.defineProperty(realm, "WebAssembly", {
    get: () => {
      isUsed = true;
      (load("web-assembly") as { install: (namespace: unknown) => void }).install(real);
      own(realm, "WebAssembly", real);
      return real;
    },
    set: (value: unknown) => {
      own(realm, "WebAssembly", value);
    },
    configurable: true,
    enumerable: false,
  });
  return () => {
    if (isUsed) throw new TypeError("a WebAssembly.Module may be in it");
  };
}
