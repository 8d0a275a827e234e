/**
 * What Prometheus calls an instrument, through the Collector and on `/metrics` alike.
 *
 * @example
 * prometheusName(METRICS.denials); // "pyisolate_denials_total"
 */
export function prometheusName({
  name,
  kind,
}: {
  readonly name: string;
  readonly kind: "counter" | "gauge";
}): string {
  return `${prometheusLabel({ name })}${kind === "counter" ? "_total" : ""}`;
}

/** What Prometheus calls an attribute, and Loki where it keeps it as metadata of a record. */
export function prometheusLabel({ name }: { readonly name: string }): string {
  return name.replaceAll(".", "_");
}
