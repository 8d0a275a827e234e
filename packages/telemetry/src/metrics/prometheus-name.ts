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

/** The name of an attribute as a Prometheus label, and in Loki as a record's metadata. */
export function prometheusLabel({ name }: { readonly name: string }): string {
  return name.replaceAll(".", "_");
}
