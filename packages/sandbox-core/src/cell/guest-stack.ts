// Import this file before all others: it decides how much of the thread's stack is whose. Without it, a guest could call our code
// with no stack left and so cut it off at any line.
import { GUEST_STACK_KIB } from "../stack-sizes.ts";

const [, , , addon = ""] = process.argv;
if (addon === "") {
  // Node was started with the cell's size as a flag: isolates made from now on get the guest's. Each of Node's own modules that is
  // loaded while a flag differs from Node's build is compiled from source, node:v8 and node:stream among them.
  process.getBuiltinModule("node:v8").setFlagsFromString(`--stack-size=${GUEST_STACK_KIB}`);
} else {
  // Raises the limit of this isolate alone. V8's flags stay those of Node's build, and the guest's isolate gets V8's default.
  process.dlopen({ exports: {} }, addon);
}
