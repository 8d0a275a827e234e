import type { Primordials } from "./primordials.ts";

/**
 * Tells whether the guest has ever read `WebAssembly`, and so may hold a Module. `v8.serialize` leaves a hole in the bytes where
 * a Module was and reports nothing, so a value that may hold one is made of plain values first. Planted by its source text.
 *
 * @returns a function that throws if the guest may hold a Module; the cell then takes the value once more, made plain.
 */
export function wasmUse({ own, realm, TypeError }: Primordials): () => void {
  const { WebAssembly: real } = realm;
  let isUsed = false;
  Reflect.defineProperty(realm, "WebAssembly", {
    get: () => {
      isUsed = true;
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
