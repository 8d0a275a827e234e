import { setTimeout as sleep } from "node:timers/promises";

/** Whether a tool that no rule allows has run: what an oracle outside asks. */
export const ran = { denied: 0 };

const loop: { self?: unknown } = {};
loop.self = loop;

/** Functions of a host that answer at once, late, never, or with what no cell may have. */
export const TOOLS = {
  "t.echo": (args: unknown) => args,
  "t.slow": async (args: unknown, { signal }: { readonly signal: AbortSignal }) =>
    await sleep(20, args, { signal }),
  "t.late": async () => await sleep(300, "late"),
  "t.never": async () => await Promise.withResolvers<never>().promise,
  "t.throws": () => {
    throw new Error("a secret of the host");
  },
  "t.rejects": async () => {
    await Promise.resolve();
    // oxlint-disable-next-line typescript/only-throw-error -- what a careless host throws
    throw { toString: () => loop };
  },
  "t.function": () => () => undefined,
  "t.getter": () => ({
    get x(): never {
      throw new Error("mine");
    },
  }),
  "t.circle": () => loop,
  // What it answers waits in the host while the cell reads nothing.
  "t.long": () => "x".repeat(64 * 1024),
  "t.thenable": () => ({
    // oxlint-disable-next-line unicorn/no-thenable -- an answer as a careless host would give it
    then: (_resolve: unknown, reject: (error: unknown) => void) => reject(Symbol("no text")),
  }),
  "t.schema": {
    handler: (args: unknown) => args,
    schema: {
      "~standard": {
        validate: async (value: unknown) =>
          await sleep(1, typeof value === "number" ? { value } : { issues: [{}] }),
      },
    },
  },
  "no.tool": () => {
    ran.denied += 1;
    return "ran";
  },
} as const;
