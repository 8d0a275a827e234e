import { answers } from "./answers-and-errors.ts";
import type { Bridge, GuestHandles } from "./bridge.ts";
import { callbacks } from "./callbacks.ts";
import { cryptoStubs } from "./crypto-stubs.ts";
import { fetchStub } from "./fetch-stub.ts";
import { fsStubs } from "./fs-stubs.ts";
import { globals } from "./globals.ts";
import { primordials } from "./primordials.ts";
import { modulesStub } from "./modules-stub.ts";
import { namespaces } from "./module-namespaces.ts";
import { plainValues } from "./cloneable-values.ts";
import { childProcessStubs } from "./child-process-stubs.ts";
import { guestArguments } from "./guest-arguments.ts";
import { runner } from "./runner.ts";
import { wasmUse } from "./wasm-use.ts";

const ROOMS = {
  primordials,
  callbacks,
  answers,
  guestArguments,
  fsStubs,
  childProcessStubs,
  cryptoStubs,
  fetchStub,
  namespaces,
  modulesStub,
  plainValues,
  wasmUse,
  globals,
  runner,
};

/** Assembles the stubs inside the isolate. Planted by its source text, like each of them. */
function assemble(
  rooms: typeof ROOMS,
  bridge: Bridge,
  limits: { readonly maxText: number },
): GuestHandles {
  const primordials = rooms.primordials();
  const callbacks = rooms.callbacks(bridge, primordials);
  const answers = rooms.answers(bridge, primordials);
  const guestArguments = rooms.guestArguments(primordials, limits);
  const { fs, promises } = rooms.fsStubs(primordials, answers, guestArguments);
  const crypto = rooms.cryptoStubs(primordials, answers, guestArguments);
  const builtins = {
    __proto__: null,
    "node:fs": fs,
    "node:fs/promises": promises,
    "node:child_process": rooms.childProcessStubs(primordials, callbacks, answers, guestArguments),
    "node:crypto": crypto.module,
  };
  const modules = rooms.modulesStub(
    primordials,
    answers,
    guestArguments,
    rooms.namespaces(primordials),
    builtins,
  );
  const values = {
    plain: rooms.plainValues(primordials, limits),
    mayNotHoldModule: rooms.wasmUse(primordials),
  };
  const { shown, offered, ...posts } = rooms.globals(
    bridge,
    primordials,
    callbacks,
    answers,
    values,
    limits,
  );
  const runs = rooms.runner(bridge, primordials, answers, shown, values, limits);

  const fetch = rooms.fetchStub(primordials, answers, guestArguments);
  const all: Record<string, unknown> = {
    ...offered,
    fetch,
    crypto: crypto.webcrypto,
    require: modules.require,
    __import__: modules.importModule,
  };
  for (const name in all) primordials.own(primordials.realm, name, all[name]);
  primordials.own(Math, "random", crypto.random);

  let ended = 0;
  /** Counts the entries that came to their end. The cell tells by the count that an exception out of any other entry is ours. */
  const counted =
    <Args extends unknown[]>(entry: (...args: Args) => void) =>
    (...args: Args): void => {
      primordials.apply(entry as (...args: unknown[]) => void, undefined, args);
      ended += 1;
    };
  return {
    ...runs,
    ...posts,
    run: counted(runs.run),
    call: counted(runs.call),
    fire: counted(posts.fire),
    settle: counted(answers.settle),
    ended: () => ended,
  };
}

/**
 * The code planted inside the isolate: an expression for a function that takes the bridge and the limits and returns the handles.
 * Each stub crosses the wall as its own source text. The guest shares their realm, but never their scope.
 */
export const GUEST_RUNTIME = `((bridge, limits) => { "use strict"; return (${String(assemble)})({ ${Object.entries(
  ROOMS,
)
  .map(([name, room]) => `${name}: ${String(room)}`)
  .join(", ")} }, bridge, limits); })`;
