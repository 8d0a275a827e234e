import { LIBRARY_GLOBALS, LIBRARY_MODULES, LIBRARY_WHOLE } from "../../library-parts.ts";
import { abortable } from "./abortable.ts";
import { answers } from "./answers-and-errors.ts";
import { atomicsStubs } from "./atomics-stubs.ts";
import type { Bridge, GuestHandles, LibraryBridge } from "./bridge.ts";
import { callbacks } from "./callbacks.ts";
import { commandOptions } from "./command-options.ts";
import { commonJsProgram } from "./common-js-program.ts";
import { consoleStubs } from "./console-stubs.ts";
import { cryptoStubs } from "./crypto-stubs.ts";
import { errorDetails } from "./error-details.ts";
import { fetchStub } from "./fetch-stub.ts";
import { fileOptions } from "./file-options.ts";
import { fileStats } from "./file-stats.ts";
import { fsRequests } from "./fs-requests.ts";
import { fsStubs } from "./fs-stubs.ts";
import { globals } from "./globals.ts";
import { libraryLoader } from "./library-loader.ts";
import { primordials } from "./primordials.ts";
import { programExports } from "./program-exports.ts";
import { misuse } from "./misuse.ts";
import { openFileRequests } from "./open-file-requests.ts";
import { modulesStub } from "./modules-stub.ts";
import { moduleWaits } from "./module-waits.ts";
import { namespaces } from "./module-namespaces.ts";
import { passedValues } from "./passed-values.ts";
import { plainValues } from "./cloneable-values.ts";
import { childProcessStubs } from "./child-process-stubs.ts";
import { guestArguments } from "./guest-arguments.ts";
import { runner } from "./runner.ts";
import { timerStubs } from "./timer-stubs.ts";
import { toolsStub } from "./tools-stub.ts";
import { wasmUse } from "./wasm-use.ts";

const ROOMS = {
  primordials,
  callbacks,
  answers,
  guestArguments,
  libraryLoader,
  atomicsStubs,
  timerStubs,
  consoleStubs,
  misuse,
  fileStats,
  fileOptions,
  fsRequests,
  openFileRequests,
  fsStubs,
  abortable,
  commandOptions,
  childProcessStubs,
  cryptoStubs,
  fetchStub,
  namespaces,
  moduleWaits,
  modulesStub,
  plainValues,
  wasmUse,
  passedValues,
  globals,
  toolsStub,
  errorDetails,
  programExports,
  commonJsProgram,
  runner,
};

interface Limits {
  /** Longest text of one console line, error message or stack, in UTF-16 code units. */
  readonly maxText: number;
  /** Most further errors of a failure, and the longest text of one. */
  readonly maxNested: number;
  readonly maxNestedText: number;
}

/** The names that stand for parts of the guest library. */
const NAMES = { globals: LIBRARY_GLOBALS, modules: LIBRARY_MODULES, whole: LIBRARY_WHOLE };

/** Assembles the stubs inside the isolate. Planted by its source text, like each of them. */
function assemble(
  rooms: typeof ROOMS,
  bridge: Bridge & LibraryBridge,
  limits: Limits,
  names: typeof NAMES,
): GuestHandles {
  const primordials = rooms.primordials();
  const { create, freeze, own, realm } = primordials;
  const callbacks = rooms.callbacks(bridge, primordials);
  const answers = rooms.answers(bridge, primordials);
  const guestArguments = rooms.guestArguments(primordials, limits);
  const library = rooms.libraryLoader(bridge, primordials);
  rooms.atomicsStubs(primordials, library);
  const misuse = rooms.misuse(primordials);
  const { timers, elapsed, startedAt, fire } = rooms.timerStubs(
    bridge,
    primordials,
    callbacks,
    misuse,
  );
  const { console, print, write, ...lines } = rooms.consoleStubs(
    bridge,
    primordials,
    answers,
    library,
    elapsed,
    limits,
  );
  const fileOptions = rooms.fileOptions(primordials, guestArguments, misuse, library);
  const fileStats = rooms.fileStats(primordials);
  const { fs, promises } = rooms.fsStubs(
    primordials,
    callbacks,
    answers,
    guestArguments,
    misuse,
    fileOptions,
    rooms.fsRequests(guestArguments, fileOptions, library, fileStats),
    library,
    rooms.openFileRequests(bridge, callbacks, answers, guestArguments, fileOptions, fileStats),
  );
  const crypto = rooms.cryptoStubs(primordials, answers, guestArguments, library, callbacks);
  const abortable = rooms.abortable(bridge, primordials, answers, guestArguments);
  const builtins = create(null);
  for (const name of names.modules) builtins[name] = () => library.load(name);
  builtins["node:fs"] = () => fs;
  builtins["node:fs/promises"] = () => promises;
  const commands = rooms.childProcessStubs(
    primordials,
    callbacks,
    answers,
    abortable,
    guestArguments,
    misuse,
    rooms.commandOptions(primordials, guestArguments, misuse),
    library,
  );
  builtins["node:child_process"] = () => commands;
  builtins["node:crypto"] = () => crypto.module;
  const modules = rooms.modulesStub(
    primordials,
    answers,
    guestArguments,
    rooms.namespaces(primordials),
    rooms.moduleWaits(primordials),
    builtins as Record<string, (() => unknown) | undefined>,
  );
  const values = {
    plain: rooms.plainValues(primordials, limits),
    mayNotHoldModule: rooms.wasmUse(primordials, library),
  };
  const passed = rooms.passedValues(values);
  const offered = rooms.globals(bridge, callbacks, misuse, answers, passed);
  const tools = rooms.toolsStub(bridge, primordials, answers, passed);
  const exports = rooms.programExports(primordials);
  const runs = rooms.runner(
    bridge,
    primordials,
    answers,
    values,
    exports,
    modules,
    rooms.commonJsProgram(primordials, exports, modules.require),
    rooms.errorDetails(primordials, limits),
    lines,
    limits,
  );

  library.offer({ ...timers, queueMicrotask: offered.queueMicrotask, now: elapsed, print, write });
  for (const name in names.globals) library.defineLazy(name, names.globals[name] as string, false);
  for (const name in names.whole) library.defineLazy(name, names.whole[name] as string, true);
  const all: Record<string, unknown> = {
    ...offered,
    ...timers,
    console,
    crypto: crypto.webcrypto,
    fetch: rooms.fetchStub(primordials, abortable, guestArguments, library, answers),
    global: realm,
    performance: freeze({ now: elapsed, timeOrigin: startedAt }),
    require: modules.require,
    __import__: modules.importModule,
  };
  for (const name in all) own(realm, name, all[name]);
  own(realm, primordials.toStringTag, "global");
  own(Math, "random", crypto.random);

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
    ...tools,
    takePlainGiven: passed.takePlainGiven,
    run: counted(runs.run),
    call: counted(runs.call),
    fire: counted(fire),
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
  // The parentheses make V8 compile each room at once: without them it parses a room twice, since all of them run.
  .map(([name, room]) => `${name}: (${String(room)})`)
  .join(", ")} }, bridge, limits, ${JSON.stringify(NAMES)}); })`;

/** The name under which it stands in stack traces. */
export const GUEST_FILE = "pyisolate:guest";
