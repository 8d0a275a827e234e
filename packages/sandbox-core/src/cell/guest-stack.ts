// Imported before all else: as long as a flag differs from those that Node was built with, V8 throws away the compiled form of each of
// Node's own modules that is loaded, and compiles its source; that cost each start of a cell several milliseconds.
import { setFlagsFromString } from "node:v8";

import { GUEST_STACK_KIB } from "../stack-sizes.ts";

// Of isolates made from now on. Without it the guest could call us with no stack left, and cut us off at any line.
setFlagsFromString(`--stack-size=${GUEST_STACK_KIB}`);
