import { writeFileSync } from "node:fs";

import { codeCache, mainScript, runMain } from "../src/cell/main-script.ts";

// A cell process that is started once, while the package is built: at its end it writes down what V8 has compiled. V8's flags are its
// own defaults here, as they are in a cell from the moment at which the guest's stack is set.

const [, , , path = ""] = process.argv;
const main = mainScript(path);
process.on("exit", () => writeFileSync(codeCache(path), main.script.createCachedData()));
runMain(main);
