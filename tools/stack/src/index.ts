// Find or build the servers.
export {
  BUILD_TIMEOUT_MS,
  type FindServersOptions,
  findServers,
  type FindTheseOptions,
  requireServers,
  type Servers,
  type ServersResult,
} from "./servers.ts";
export type { ServerName } from "./bundles.ts";
export { serversForTest, type SkippableTest } from "./servers-for-test.ts";
export { createProgress, type Progress, SILENT } from "./progress.ts";

// Run the servers.
export { type Stack, type StackOf, type StackOptions, startStack } from "./stack.ts";
export {
  type Collector,
  COLLECTOR_CONFIG,
  type CollectorOptions,
  type CollectorPorts,
  startCollector,
  validateConfig,
} from "./collector.ts";
export {
  type Prometheus,
  type PrometheusOptions,
  type ScrapeTarget,
  startPrometheus,
} from "./prometheus.ts";
export {
  type Alertmanager,
  type AlertmanagerOptions,
  checkAlertmanagerConfig,
  startAlertmanager,
} from "./alertmanager.ts";
export { startVictoriaLogs, type VictoriaLogs, type VictoriaLogsOptions } from "./victorialogs.ts";
export { type Server, type ServerExit, type ServerOptions, startServer } from "./server.ts";
export { freePorts } from "./ports.ts";

// Read what they received.
export type { Sample } from "./prometheus-answer.ts";
export type { Alert } from "./alerts.ts";
export type { StoredRange, StoredRecord, StoredSeries } from "./victorialogs-query.ts";
export { createPromtool, type Promtool, type Verdict } from "./promtool.ts";
export { type LogFileContents, readLogFile, waitForLogs } from "./log-file.ts";
export type { Attributes, AttributeValue, CollectedLog } from "./otlp-json.ts";

export { StackError, type StackErrorCode } from "./errors.ts";
