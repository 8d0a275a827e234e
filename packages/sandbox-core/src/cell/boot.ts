// The first file of a cell process: it sets the guest's stack, and loads the bundle of all others from its compiled form.
import "./guest-stack.ts";
import { fileURLToPath } from "node:url";

import { mainScript, runMain } from "./main-script.ts";

runMain(mainScript(fileURLToPath(new URL("./main.cjs", import.meta.url))), require);
