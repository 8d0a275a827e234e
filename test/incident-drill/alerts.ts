import type { Alertmanager } from "@pyisolate/stack";

/** An alert as the operator on call gets it. */
export type FiringAlert = Awaited<ReturnType<Alertmanager["alerts"]>>[number];

/** Long, since rules are evaluated, and alerts sent, while much else runs. */
const WITHIN_MS = 60_000;
/** Prometheus sends an alert whose text has changed to Alertmanager a minute after it sent it first. */
const CHANGED_WITHIN_MS = WITHIN_MS + 60_000;

/**
 * The alert of that name, with these labels, once it is there, and says this.
 *
 * @param says A part of its description. An alert may fire, and tell what had been counted by then, while counts still come in.
 * @throws {StackError} `query-failed`, with the alerts that are there instead.
 */
export async function waitForAlert(
  alertmanager: Alertmanager,
  name: string,
  labels: Readonly<Record<string, string>> = {},
  says = "",
): Promise<FiringAlert> {
  const isIt = (alert: FiringAlert) =>
    alert.name === name &&
    (alert.annotations["description"] ?? "").includes(says) &&
    Object.entries(labels).every(([label, value]) => alert.labels[label] === value);
  const within = says === "" ? WITHIN_MS : CHANGED_WITHIN_MS;
  const alerts = await alertmanager.waitFor((all) => all.some(isIt), within);
  const alert = alerts.find(isIt);
  if (alert === undefined) throw new TypeError("unreachable");
  return alert;
}

/** The names of the alerts that are there. */
export async function alertNames(alertmanager: Alertmanager): Promise<string[]> {
  return (await alertmanager.alerts()).map(({ name }) => name);
}
