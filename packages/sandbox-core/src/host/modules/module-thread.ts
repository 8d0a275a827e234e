// The thread that prepares the ES and CommonJS modules which the host supplies. Parsing a large one takes seconds, and this loop is
// not the host's.
import { parentPort } from "node:worker_threads";

import { encodeModule } from "../../frames.ts";
import { asModule } from "../../modules/es-module.ts";

/** A message from the thread, for each source in the order in which they came: the body of a frame that grants the module, or why there is none. */
export type ModuleReport =
  | { readonly body: Uint8Array<ArrayBuffer> }
  | { readonly failure: string };

parentPort?.on("message", (source: string) => {
  try {
    const body = encodeModule(asModule(source));
    parentPort?.postMessage({ body } satisfies ModuleReport, [body.buffer]);
  } catch (error) {
    parentPort?.postMessage({ failure: String(error) } satisfies ModuleReport);
  }
});
