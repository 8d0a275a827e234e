import type { Answers } from "./answers-and-errors.ts";
import type { BridgeCall, Bridge } from "./bridge.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { FileOptions } from "./file-options.ts";
import type { FileStats } from "./file-stats.ts";
import type { GuestArguments } from "./guest-arguments.ts";

export type OpenFileRequests = ReturnType<typeof openFileRequests>;

/**
 * What the library's part for open files asks: each request's arguments made primitives. The guest has each of them by another name.
 * Planted by its source text.
 */
export function openFileRequests(
  { closeFile }: Pick<Bridge, "closeFile">,
  { calledBack }: Callbacks,
  { ask, askLater }: Answers,
  { content, optionsOf, plain }: GuestArguments,
  { pathOf, modeOf }: FileOptions,
  { stats }: FileStats,
) {
  const number = (value: unknown): number => (typeof value === "number" ? value : -1);
  const asks: Readonly<Record<string, (args: readonly unknown[]) => BridgeCall>> = {
    __proto__: null,
    open: (args: readonly unknown[]) => [
      0,
      "fs.open",
      pathOf(args[0]),
      number(args[1]),
      modeOf(args[2]),
    ],
    truncate: (args: readonly unknown[]) => [0, "fs.truncate", pathOf(args[0]), number(args[1])],
    read: (args: readonly unknown[]) => [
      0,
      "fs.read",
      number(args[0]),
      number(args[1]),
      number(args[2]),
    ],
    write: (args: readonly unknown[]) => {
      const pair = content(args[1]);
      return [0, "fs.write", number(args[0]), pair[0], pair[1], plain(args[2]), number(args[3])];
    },
    fstat: (args: readonly unknown[]) => [0, "fs.fstat", number(args[0])],
    ftruncate: (args: readonly unknown[]) => [0, "fs.ftruncate", number(args[0]), number(args[1])],
    fsync: (args: readonly unknown[]) => [0, "fs.fsync", number(args[0]), args[1] === true],
  } as unknown as Readonly<Record<string, (args: readonly unknown[]) => BridgeCall>>;

  type Shape = (answer: unknown) => unknown;
  const callOf = (name: string, args: readonly unknown[]): BridgeCall =>
    (asks[name] as (args: readonly unknown[]) => BridgeCall)(args);
  const shapeOf = (name: string, shape: Shape): Shape =>
    name === "fstat" ? (answer) => shape(stats(answer)) : shape;

  return {
    ask: (name: string, args: readonly unknown[], shape: Shape): unknown =>
      shapeOf(name, shape)(ask(callOf(name, args))),
    later: (name: string, args: readonly unknown[], shape: Shape): Promise<unknown> =>
      askLater(shapeOf(name, shape), callOf(name, args)),
    callback: (
      name: string,
      args: readonly unknown[],
      shape: Shape,
      callback: Callback,
    ): undefined => {
      calledBack(askLater(shapeOf(name, shape), callOf(name, args)), callback);
    },
    close: (fd: unknown): boolean => closeFile(number(fd)),
    optionsOf,
  };
}
