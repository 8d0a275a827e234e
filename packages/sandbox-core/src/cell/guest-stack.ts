// Import this file before all others. Each of Node's own modules that is loaded while a V8 flag differs from Node's build is
// compiled from source, because V8 discards its compiled form. That would add several milliseconds to each start of a cell.
import { GUEST_STACK_KIB } from "../stack-sizes.ts";

type SetFlags = (flags: string) => void;

/** What Node's own tests get its bindings from, once `--expose-internals` is given. */
interface Internals {
  internalBinding(name: "v8"): { readonly setFlagsFromString?: SetFlags };
}

/**
 * The function behind `setFlagsFromString` of `node:v8`. That module first loads all of Node's streams, which takes 7 ms while the
 * flag differs, and 1 ms from their compiled form.
 */
function setFlags(): SetFlags {
  const emitWarning = process.emitWarning.bind(process);
  try {
    // The module warns that it is for tests.
    process.emitWarning = () => undefined;
    const internals: unknown = process.getBuiltinModule("internal/test/binding");
    const { setFlagsFromString } = (internals as Internals).internalBinding("v8");
    if (setFlagsFromString !== undefined) return setFlagsFromString;
  } catch {
    // This Node does not have it. The module does the same, and takes longer.
  } finally {
    process.emitWarning = emitWarning;
  }
  return process.getBuiltinModule("node:v8").setFlagsFromString;
}

// Applies to isolates made from now on. Without it, a guest could call our code with no stack left and so cut it off at any line.
setFlags()(`--stack-size=${GUEST_STACK_KIB}`);
