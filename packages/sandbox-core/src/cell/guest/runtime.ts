import { answers } from "./answers.ts";
import type { Bridge, GuestHandles } from "./bridge.ts";
import { callbacks } from "./callbacks.ts";
import { cryptoStubs } from "./crypto-stubs.ts";
import { fetchStub } from "./fetch-stub.ts";
import { fsStubs } from "./fs-stubs.ts";
import { globals } from "./globals.ts";
import { keep } from "./primordials.ts";
import { modulesStub } from "./modules-stub.ts";
import { namespaces } from "./namespaces.ts";
import { plainValues } from "./plain-values.ts";
import { processStubs } from "./process-stubs.ts";
import { reading } from "./guest-arguments.ts";
import { runner } from "./runner.ts";
import { wasmUse } from "./wasm-use.ts";

const ROOMS = {
  keep,
  callbacks,
  answers,
  reading,
  fsStubs,
  processStubs,
  cryptoStubs,
  fetchStub,
  namespaces,
  modulesStub,
  plainValues,
  wasmUse,
  globals,
  runner,
};

/** Puts the rooms together inside the isolate. Planted by its source text, like each of them. */
function assemble(
  rooms: typeof ROOMS,
  bridge: Bridge,
  limits: { readonly maxText: number },
): GuestHandles {
  const kept = rooms.keep();
  const callbacks = rooms.callbacks(bridge, kept);
  const answers = rooms.answers(bridge, kept);
  const reading = rooms.reading(kept, limits);
  const { fs, promises } = rooms.fsStubs(kept, answers, reading);
  const crypto = rooms.cryptoStubs(kept, answers, reading);
  const builtins = {
    __proto__: null,
    "node:fs": fs,
    "node:fs/promises": promises,
    "node:child_process": rooms.processStubs(kept, callbacks, answers, reading),
    "node:crypto": crypto.module,
  };
  const modules = rooms.modulesStub(kept, answers, reading, rooms.namespaces(kept), builtins);
  const values = { plain: rooms.plainValues(kept, limits), mayNotHoldModule: rooms.wasmUse(kept) };
  const { shown, offered, ...posts } = rooms.globals(
    bridge,
    kept,
    callbacks,
    answers,
    values,
    limits,
  );
  const runs = rooms.runner(bridge, kept, answers, shown, values, limits);

  const fetch = rooms.fetchStub(kept, answers, reading);
  const all: Record<string, unknown> = {
    ...offered,
    fetch,
    crypto: crypto.webcrypto,
    require: modules.require,
    __import__: modules.importModule,
  };
  for (const name in all) kept.own(kept.realm, name, all[name]);
  kept.own(Math, "random", crypto.random);

  let ended = 0;
  /** What is thrown out of an entry itself is never the guest's: the cell can tell by this count. */
  const counted =
    <Args extends unknown[]>(entry: (...args: Args) => void) =>
    (...args: Args): void => {
      kept.apply(entry as (...args: unknown[]) => void, undefined, args);
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
 * The code planted inside the isolate: an expression for a function of the bridge and the limits that gives the handles. The
 * rooms cross the wall as their own source text. The guest shares their realm, but never their scope.
 */
export const GUEST_RUNTIME = `((bridge, limits) => { "use strict"; return (${String(assemble)})({ ${Object.entries(
  ROOMS,
)
  .map(([name, room]) => `${name}: ${String(room)}`)
  .join(", ")} }, bridge, limits); })`;
