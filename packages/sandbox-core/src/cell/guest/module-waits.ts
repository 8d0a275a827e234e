import type { Primordials } from "./primordials.ts";

export type ModuleWaits = ReturnType<typeof moduleWaits>;

/** What modules that await at their top level wait for. Planted by its source text. */
export function moduleWaits({ whenSettled, Promise }: Primordials) {
  const ignore = (): void => undefined;

  return {
    /** Resolves when all of them have, and rejects as soon as one does. A module that does not wait is undefined. */
    all: (waits: readonly (Promise<unknown> | undefined)[]): Promise<unknown> =>
      new Promise((resolve, reject) => {
        let left = 1;
        const done = (): void => {
          left -= 1;
          if (left === 0) resolve(undefined);
        };
        for (let index = 0; index < waits.length; index++) {
          if (waits[index] === undefined) continue;
          left += 1;
          whenSettled(waits[index], done, reject, reject);
        }
        done();
      }),

    /** Without it, a module that fails after one beside it has failed would be a rejection that nothing handles. */
    handled: (wait: Promise<unknown>): void => whenSettled(wait, ignore, ignore, ignore),
  };
}
