import {
  flag,
  functionOf,
  type OptionChecks,
  readOptions,
  withMethods,
} from "@pyisolate/policy/options";

import { resend, type ResendHow, type Resent } from "./logs/resend-dead-letters.ts";
import { mustHaveNode } from "./needed-node.ts";
import { telemetryOptions, type TelemetryOptions } from "./options.ts";
import { resolveSettings } from "./settings.ts";

/**
 * Sends the log records again that the server has refused and the spool keeps, for example after its limits were raised. What
 * is refused again is kept again. The service may run meanwhile.
 *
 * @param options Those of {@link startTelemetry}; `spool`, `endpoint` and `flushTimeoutMillis` are used, and the standard
 * OTEL_* variables.
 * @param how Default: all of it, until `flushTimeoutMillis` have passed.
 * @throws TypeError if an option is unknown or has a wrong value, or without a `spool`.
 * @throws TelemetryStartError `node_too_old` before Node.js 22.15.
 * @throws SpoolError if the spool's folder is not there, or it or a file in it cannot be read or written.
 * @example
 * await resendRefused({ spool: "/var/lib/plugins/spool" });
 */
export async function resendRefused(
  options: TelemetryOptions,
  how: ResendHow = {},
): Promise<Resent> {
  mustHaveNode();
  const given = readOptions("resendRefused", how, CHECKS);
  const {
    onWarning: warn = (message: string) => {
      process.emitWarning(message, "TelemetryWarning");
    },
  } = given;
  // Whether and how a service exports is not asked: this sends, by OTLP, what it was called for.
  const sending = { ...telemetryOptions(options), logs: "otlp", metrics: "none" } as const;
  const variables = { ...process.env, OTEL_SDK_DISABLED: undefined };
  const settings = resolveSettings(sending, variables, warn);
  const { spool } = settings;
  if (spool === undefined) {
    throw new TypeError(
      "resendRefused: `spool` is missing: the folder in which refused records are kept",
    );
  }
  return await resend({ ...settings, spool }, { ...given, onWarning: warn });
}

const CHECKS: OptionChecks<ResendHow> = {
  signal: withMethods("an AbortSignal", ["addEventListener", "removeEventListener"]),
  dryRun: flag,
  onLetter: functionOf("a letter and what was done so far"),
  onWarning: functionOf("a message"),
};
