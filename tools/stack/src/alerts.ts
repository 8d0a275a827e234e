import { StackError } from "./errors.ts";
import { isRecord, textsOf } from "./json.ts";

/** An alert that Alertmanager holds. */
export interface Alert {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `active`, `suppressed` (silenced or inhibited) or `unprocessed`. */
  readonly state: string;
  /** When it began to fire, and when it counts as resolved unless it is sent again. */
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/**
 * The alerts in an answer of Alertmanager's `/api/v2/alerts`.
 *
 * @throws {StackError} `query-failed`.
 */
export function parseAlerts(answer: unknown): Alert[] {
  if (!Array.isArray(answer)) throw malformed();
  return answer.map((alert: unknown) => {
    if (!isRecord(alert) || !isRecord(alert["status"])) throw malformed();
    const labels = textsOf(alert["labels"]);
    return {
      name: labels["alertname"] ?? "",
      labels,
      annotations: textsOf(alert["annotations"]),
      state: String(alert["status"]["state"]),
      startsAt: new Date(String(alert["startsAt"])),
      endsAt: new Date(String(alert["endsAt"])),
    };
  });
}

function malformed(): StackError {
  return new StackError("query-failed", "Alertmanager's answer is not what its API promises.");
}
