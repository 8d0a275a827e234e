import type { Answers } from "./answers-and-errors.ts";
import type { BridgeCall, Bridge } from "./bridge.ts";
import type { GuestArguments } from "./guest-arguments.ts";
import type { Primordials } from "./primordials.ts";

export type Abortable = ReturnType<typeof abortable>;

/** Asks for an operation that a signal of the guest's ends. Planted by its source text. */
export function abortable(
  { cancel }: Pick<Bridge, "cancel">,
  { apply, Promise, whenSettled }: Primordials,
  { askLater }: Answers,
  { option }: GuestArguments,
) {
  type AnyFunction = (...args: unknown[]) => unknown;

  /**
   * Rejects as soon as the signal is aborted, and has the cell end the operation: its connection, or its command.
   *
   * @param failure Makes the error of an aborted signal.
   */
  return (
    shape: Parameters<Answers["askLater"]>[0],
    asked: BridgeCall,
    signal: unknown,
    failure: (signal: unknown) => unknown,
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (option(signal, "aborted") === true) throw failure(signal);
      const answer = askLater(shape, asked);
      const abort = (): void => {
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- whatever the program gave as the reason
        reject(failure(signal));
        cancel(asked[0]);
      };
      const listen = option(signal, "addEventListener");
      if (typeof listen === "function")
        apply(listen as AnyFunction, signal, ["abort", abort, { once: true }]);
      whenSettled(
        answer,
        (value) => {
          const unlisten = option(signal, "removeEventListener");
          if (typeof unlisten === "function")
            apply(unlisten as AnyFunction, signal, ["abort", abort]);
          resolve(value);
        },
        reject,
        reject,
      );
    });
}
