// The cell process: it holds the guest's isolate and the guards, and asks the host for every decision.
import { Cell } from "./cell.ts";
import { IS_CONFINED } from "./confined.ts";
import { closeInherited } from "./close-inherited-fds.ts";

// In a confined cell, the launcher has closed the descriptors, and the cell may not list them.
if (!IS_CONFINED) closeInherited();
new Cell().listen();
