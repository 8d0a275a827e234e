import { expect, test } from "vitest";

import { checkOptions } from "./options.ts";

test.each([
  [{ metrics: "prom" }, 'metrics must be one of "otlp", "prometheus", "none", got "prom"'],
  [{ logs: "prometheus" }, 'logs must be one of "otlp", "none", got "prometheus"'],
  [{ port: 70_000 }, "port must be a whole number from 0 to 65535, got 70000"],
  [{ port: "9464" }, 'port must be a whole number from 0 to 65535, got "9464"'],
  [{ serviceName: "" }, 'serviceName must be a string that is not empty, got ""'],
  [{ endpoint: "localhost:4318" }, "endpoint must be an http or https URL without query"],
  [{ endpoint: "http://[::" }, "endpoint must be an http or https URL without query"],
  [{ global: "no" }, 'global must be true or false, got "no"'],
  [{ shutdownTimeoutMillis: 0 }, "shutdownTimeoutMillis must be a whole number from 1"],
  [{ spool: "" }, "spool must be a folder, or { directory, maxBytes }"],
  [{ spool: { directory: "d", maxBytes: 10 } }, "spool must be a folder"],
  [{ spool: { directory: "d", bytes: 1e6 } }, "spool must be a folder"],
  [{ spool: {} }, "spool must be a folder"],
  [{ servicename: "x" }, "unknown option servicename; allowed are serviceName, serviceVersion"],
  [{ toString: "x" }, "unknown option toString"],
  [null, "startTelemetry takes an object of options"],
  ["plugins", "startTelemetry takes an object of options"],
])("%j is refused", (options, message) => {
  expect(() => checkOptions(options)).toThrow(TypeError);
  expect(() => checkOptions(options)).toThrow(message);
});

test("every option may be left undefined", () => {
  checkOptions({ serviceName: undefined, metrics: undefined, port: undefined });
});
