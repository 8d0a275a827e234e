// Import this file before all others. Each of Node's own modules that is loaded while a V8 flag differs from Node's build is
// compiled from source, because V8 discards its compiled form. That would add several milliseconds to each start of a cell.
import { setFlagsFromString } from "node:v8";

import { GUEST_STACK_KIB } from "../stack-sizes.ts";

// Applies to isolates made from now on. Without it, a guest could call our code with no stack left and so cut it off at any line.
setFlagsFromString(`--stack-size=${GUEST_STACK_KIB}`);
