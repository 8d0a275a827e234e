import { prometheusLabel } from "@pyisolate/telemetry";
import { INSTANCE, JOB, LABELS, RECORD_FIELDS, type RecordField, recordFields } from "./names.ts";

/** What the report is limited to. Without a field, it covers all of that kind. */
export interface Filter {
  /** `service.name`, or `service.namespace`, `/` and the name. */
  readonly job?: string;
  /** `service.instance.id`. */
  readonly instance?: string;
  readonly cell?: string;
}

/** A PromQL selector of a metric for the services in the filter; also by cell, if the metric has that label. */
export function metricSelector(metric: string, filter: Filter, by: "all" | "cell" = "all"): string {
  const matchers = [
    ...equal(JOB, filter.job),
    ...equal(INSTANCE, filter.instance),
    ...(by === "cell" ? equal(LABELS.cell, filter.cell) : []),
  ];
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(",")}}`;
}

/** A LogQL selector for the records of one event, of the services and the cell in the filter. */
export function logSelector(event: string, filter: Filter): string {
  const { namespace, name } = partsOf(filter.job);
  const label = (field: RecordField): string => prometheusLabel({ name: RECORD_FIELDS[field] });
  const stream = [
    ...equal(label("namespace"), namespace),
    // Loki demands at least one matcher that an empty label would fail.
    ...(name === undefined ? [`${label("service")}=~".+"`] : equal(label("service"), name)),
    ...equal(label("instance"), filter.instance),
  ];
  const pipeline = [...equal(label("event"), event), ...equal(label("cell"), filter.cell)];
  return [`{${stream.join(",")}}`, ...pipeline].join(" | ");
}

/** A LogsQL filter for the same records. */
export function logsqlFilter(event: string, filter: Filter): string {
  const { namespace, name } = partsOf(filter.job);
  const { instance, cell } = filter;
  return recordFields({ event, namespace, service: name, instance, cell })
    .map(([field, value]) => `${RECORD_FIELDS[field]}:=${quoted(value)}`)
    .join(" ");
}

function equal(label: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${label}=${quoted(value)}`];
}

// Prometheus's job is `namespace/name`. A namespace must not contain a `/`, which could not be told from the separator.
function partsOf(job: string | undefined): { namespace?: string; name?: string } {
  if (job === undefined) return {};
  const slash = job.indexOf("/");
  return slash === -1
    ? { name: job }
    : { namespace: job.slice(0, slash), name: job.slice(slash + 1) };
}

/** A quoted string in PromQL, LogsQL or LogQL, which all use Go's syntax. */
export function quoted(text: string): string {
  const escaped = text
    .toWellFormed()
    // oxlint-disable-next-line no-control-regex -- those are what must not stand in it
    .replaceAll(/["\\\u0000-\u001F\u007F]/g, (character) =>
      character === '"' || character === "\\"
        ? `\\${character}`
        : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
  return `"${escaped}"`;
}
