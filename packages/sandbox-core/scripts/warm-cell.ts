import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { GUEST_FILE } from "../src/cell/guest/runtime.ts";
import { codeCache, mainScript, runMain } from "../src/cell/main-script.ts";

// A cell process that is started once, while the package is built, and writes down what V8 has compiled: the guest's code when it is
// planted, and the cell's own at the end. V8's flags are its own defaults here, as they are in a cell from the moment at which the guest's
// stack is set.

const [, , , path = ""] = process.argv;
const folder = dirname(path);

/** As much of isolated-vm as is used here. */
interface IsolatedVm {
  readonly Isolate: new (options: object) => {
    compileScriptSync(text: string, options?: CompileOptions): CompiledScript;
  };
}

interface CompileOptions {
  readonly filename?: string;
  readonly produceCachedData?: boolean;
}

interface CompiledScript {
  readonly cachedData?: { copy(): ArrayBuffer };
}

/** isolated-vm, but that it keeps what it has compiled of the guest's code. */
function keeping(real: IsolatedVm): IsolatedVm {
  class Isolate extends real.Isolate {
    override compileScriptSync(text: string, options: CompileOptions = {}): CompiledScript {
      const script = super.compileScriptSync(text, { ...options, produceCachedData: true });
      if (options.filename === GUEST_FILE && script.cachedData !== undefined)
        writeFileSync(join(folder, "guest.cache"), new Uint8Array(script.cachedData.copy()));
      return script;
    }
  }
  return Object.create(real, { Isolate: { value: Isolate } }) as IsolatedVm;
}

const dlopen = process.dlopen.bind(process);
process.dlopen = (module: { exports: { ivm: IsolatedVm } }, file) => {
  dlopen(module, file);
  module.exports = { ivm: keeping(module.exports.ivm) };
};

const main = mainScript(path);
process.on("exit", () => writeFileSync(codeCache(path), main.script.createCachedData()));
runMain(main, createRequire(path));
