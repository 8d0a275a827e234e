import { prometheusLabel } from "@pyisolate/telemetry";
import { INSTANCE, JOB, LABELS, RECORD_FIELDS, type RecordField, recordFields } from "./names.ts";

/** What the report is about; undefined is all of them. */
export interface Filter {
  /** `service.name`, or `service.namespace`, `/` and the name. */
  readonly job?: string;
  /** `service.instance.id`. */
  readonly instance?: string;
  readonly cell?: string;
}

/** A metric of the services in the filter; by cell too, where the metric tells cells apart. */
export function metricSelector(metric: string, filter: Filter, by: "all" | "cell" = "all"): string {
  const matchers = [
    ...equal(JOB, filter.job),
    ...equal(INSTANCE, filter.instance),
    ...(by === "cell" ? equal(LABELS.cell, filter.cell) : []),
  ];
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(",")}}`;
}

/** Records of one event in Loki, of the services and the cell in the filter. */
export function logSelector(event: string, filter: Filter): string {
  const { namespace, name } = partsOf(filter.job);
  const label = (field: RecordField): string => prometheusLabel({ name: RECORD_FIELDS[field] });
  const stream = [
    ...equal(label("namespace"), namespace),
    // Loki wants one matcher at least that an empty label would fail.
    ...(name === undefined ? [`${label("service")}=~".+"`] : equal(label("service"), name)),
    ...equal(label("instance"), filter.instance),
  ];
  const pipeline = [...equal(label("event"), event), ...equal(label("cell"), filter.cell)];
  return [`{${stream.join(",")}}`, ...pipeline].join(" | ");
}

/** The same in VictoriaLogs. */
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

// Prometheus' job is `namespace/name`, and a namespace may hold no `/` that could be told from that one.
function partsOf(job: string | undefined): { namespace?: string; name?: string } {
  if (job === undefined) return {};
  const slash = job.indexOf("/");
  return slash === -1
    ? { name: job }
    : { namespace: job.slice(0, slash), name: job.slice(slash + 1) };
}

/** A string of PromQL, LogsQL and LogQL, all of which write them as Go does. */
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
