import type { Findings } from "../findings/findings.ts";
import { union } from "../findings/gaps.ts";
import type { TelemetryHealth } from "../findings/telemetry-health.ts";
import type { TimeRange } from "../time-range.ts";
import type { Sheet } from "./html-sheet.ts";
import { readOn, type AnsweredQuestion } from "./answered-question.ts";
import { counted, duration, moment, span } from "./format-values.ts";

/** The ranges without metrics: no instance was scraped, or one was missing that was scraped before and after. */
export function blindness({ silences, instances }: TelemetryHealth): TimeRange[] {
  return union([...silences, ...instances.flatMap(({ gaps }) => gaps)]);
}

/** The verdict on the telemetry itself. */
export function blindQuestion(
  sheet: Sheet,
  health: TelemetryHealth,
  { range, madeAt }: Findings,
): AnsweredQuestion {
  const question = "Am I blind?";
  const { instances, heardBefore } = health;
  if (instances.length === 0)
    return {
      question,
      mark: "alarm",
      answer: "Yes, throughout: no service that records denials was heard in this range.",
    };
  const blind = blindness(health);
  const troubles = instances.flatMap(({ troubles }) => troubles);
  const last = blind.at(-1);
  const atEnd = last !== undefined && last.to >= range.to ? last.from : undefined;
  const whole = blind.reduce((sum, { from, to }) => sum + to - from, 0);
  const first = Math.min(...instances.map(({ first }) => first));
  const told = [
    ...(!heardBefore && first - range.from > health.resolution
      ? [`No service was known before ${moment(first, range)}.`]
      : []),
    ...(blind.length > 0
      ? [
          `Metrics were not heard for ${duration(whole)}: ${blind
            .slice(0, 3)
            .map((gap) => span(gap, range))
            .join(", ")}${blind.length > 3 ? ` and ${blind.length - 3} more` : ""}.`,
        ]
      : []),
    ...(atEnd === undefined
      ? []
      : [`That there is nothing since ${moment(atEnd, range)} may mean that all services ended.`]),
    ...(troubles.length > 0 ? [`Of their records services said: ${stated(troubles)}.`] : []),
  ];
  if (blind.length === 0 && troubles.length === 0)
    return {
      question,
      mark: "well",
      answer: `No: ${counted(instances.length, "instance")} heard without a gap, and exporting. ${told.join(" ")}`,
    };
  const now = madeAt - range.to < health.resolution ? "Yes, now." : "Yes, at the end.";
  return {
    question,
    mark:
      atEnd !== undefined || troubles.some(({ state }) => state === "blind") ? "alarm" : "warning",
    answer: [
      `${atEnd === undefined ? "For a time." : now} ${told.join(" ")} `,
      readOn(sheet, "telemetry"),
    ],
  };
}

function stated(troubles: readonly (TimeRange & { readonly state: string })[]): string {
  const sums = new Map<string, number>();
  for (const { state, from, to } of troubles) sums.set(state, (sums.get(state) ?? 0) + to - from);
  return [...sums]
    .map(([state, ms]) => `${STATES.get(state) ?? "unknown"} for ${duration(ms)}`)
    .join(", ");
}

// A state that is not listed here is shown as the service spelled it.
const STATES = new Map([
  ["degraded", "degraded"],
  ["blind", "blind"],
]);
