// What `import` loads as @pyisolate/telemetry/sdk; bundlers and `require` take sdk.ts itself, since this waits. Beside another
// release of the SDK, and in a Node before 20, the modules do not even link, and only a dynamic import can say what to install.
import { TelemetryStartError } from "./sdk/errors.ts";
import { tooOldNode } from "./sdk/needed-node.ts";
import { wrongSdk } from "./sdk/wrong-sdk.ts";

const sdk = await import("./sdk.ts").catch((error: unknown) => {
  throw tooOldNode() ?? wrongSdk(error);
});

export const { startTelemetry, resendRefused, SpoolError } = sdk;
export { TelemetryStartError };
