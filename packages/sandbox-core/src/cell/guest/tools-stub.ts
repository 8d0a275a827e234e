import type { Answers } from "./answers-and-errors.ts";
import type { Bridge } from "./bridge.ts";
import type { PassedValues } from "./passed-values.ts";
import type { Primordials } from "./primordials.ts";

/** The functions of the host that the guest may call. Planted by its source text. */
export function toolsStub(
  bridge: Pick<Bridge, "tool">,
  { create, freeze, indexOf, own, parse, realm, slice, TypeError }: Primordials,
  { callLater, retraced }: Pick<Answers, "callLater" | "retraced">,
  { passOn }: Pick<PassedValues, "passOn">,
) {
  const listed = (_value: unknown, body: unknown): unknown => (body as readonly [unknown])[0];

  function toolOf(name: string): (...args: unknown[]) => Promise<unknown> {
    return async (...args) => {
      try {
        return await callLater(listed, (callId) => {
          if (args.length > 1)
            throw new TypeError(`tools.${name} takes one value: put several into an object`);
          return passOn(args.length === 1 ? args[0] : undefined, (isCopied, value) =>
            bridge.tool(callId, name, isCopied, value),
          );
        });
      } catch (error) {
        throw retraced(error);
      }
    };
  }

  /** Makes `tools`. Runs once, before any program of the guest. */
  function offer(json: string): void {
    const names = parse(json) as string[];
    const folders = create(null);
    const all: Record<string, unknown>[] = [];
    const tools = create(null);
    folders[""] = tools;
    all[0] = tools;
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string;
      let folder = tools;
      let from = 0;
      for (let dot = indexOf(name, "."); dot !== -1; dot = indexOf(name, ".", from)) {
        const path = slice(name, 0, dot);
        let next = folders[path] as Record<string, unknown> | undefined;
        if (next === undefined) {
          next = create(null);
          folders[path] = next;
          all[all.length] = next;
          own(folder, slice(name, from, dot), next, true);
        }
        folder = next;
        from = dot + 1;
      }
      own(folder, slice(name, from), freeze(toolOf(name)), true);
    }
    for (let index = 0; index < all.length; index++) freeze(all[index] as object);
    own(realm, "tools", tools);
  }

  return { offer };
}
