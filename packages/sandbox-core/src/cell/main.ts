// The cell process: it holds the guest's isolate and the guards, and asks the host for every decision.
import { Cell } from "./cell.ts";
import { closeInherited } from "./inherited.ts";

closeInherited();
new Cell().listen();
