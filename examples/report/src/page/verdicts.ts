import type { Findings } from "../findings/findings.ts";
import { LOOK_BACK } from "../findings/increases.ts";
import { totalOf } from "../findings/ranking.ts";
import { layers, type Refusals } from "../findings/refusals.ts";
import type { TelemetryHealth } from "../findings/telemetry-health.ts";
import { union } from "../findings/presence.ts";
import type { TimeRange } from "../time-range.ts";
import type { Content, Sheet } from "./sheet.ts";
import { counted, count, duration, span } from "./wording.ts";

/** How a question is answered. */
interface Verdict {
  readonly question: string;
  readonly mark: "well" | "warning" | "alarm" | "unknown";
  readonly answer: Content;
}

/** The questions of whoever is called at night, each with its answer and where to read on. */
export function verdicts(sheet: Sheet, findings: Findings): Element {
  const { h } = sheet;
  return h(
    "dl",
    { class: "verdicts" },
    all(sheet, findings).map(({ question, mark, answer }) =>
      h(
        "div",
        { class: mark },
        h("dt", {}, question),
        h("dd", {}, h("span", { class: "mark" }, WORDS[mark]), " ", answer),
      ),
    ),
  );
}

// Colour alone tells nothing to whoever does not see it.
const WORDS = { well: "Well.", warning: "Look.", alarm: "Alarm.", unknown: "Unknown." } as const;

function all(sheet: Sheet, { metrics, range }: Findings): Verdict[] {
  if (!metrics.ok) {
    return ["Do the layers agree?", "Is anything new?", "Am I blind?", "Is all accounted for?"].map(
      (question) => ({ question, mark: "unknown", answer: "Prometheus did not say." }),
    );
  }
  const { refusals, health } = metrics.value;
  return [
    layersVerdict(sheet, refusals),
    newVerdict(sheet, refusals),
    blindVerdict(sheet, health, range),
    ledgerVerdict(sheet, health),
  ];
}

function layersVerdict(sheet: Sheet, { byLayers }: Refusals): Verdict {
  const question = "Do the layers agree?";
  const disagreed = byLayers.get(layers("allow", "deny")) ?? 0;
  const escapes = byLayers.get(layers("not_evaluated", "deny")) ?? 0;
  if (disagreed === 0 && escapes === 0)
    return {
      question,
      mark: "well",
      answer: "The kernel refused nothing that the broker had allowed or not been asked.",
    };
  const told = [
    ...(disagreed > 0
      ? [`The kernel refused ${counted(disagreed, "request")} that the broker had allowed.`]
      : []),
    ...(escapes > 0
      ? [`It refused ${count(escapes)} that nobody had asked the broker for: an attempt to escape.`]
      : []),
  ];
  return { question, mark: "alarm", answer: [told.join(" "), " ", link(sheet, "layers")] };
}

function newVerdict(sheet: Sheet, { newPairs }: Refusals): Verdict {
  const question = "Is anything new?";
  return newPairs.length === 0
    ? {
        question,
        mark: "well",
        answer: `Each rule had refused for the same reason in the ${LOOK_BACK.words} before.`,
      }
    : {
        question,
        mark: "warning",
        answer: [
          `${counted(newPairs.length, "rule and reason", "rules and reasons")} that had refused nothing in the ${LOOK_BACK.words} before. `,
          link(sheet, "new"),
        ],
      };
}

/** When nothing could be known: no instance heard, or each that was heard said that its records reach nobody. */
export function blindness({ silences, instances }: TelemetryHealth): TimeRange[] {
  return union([...silences, ...instances.flatMap(({ gaps }) => gaps)]);
}

function blindVerdict(sheet: Sheet, health: TelemetryHealth, range: TimeRange): Verdict {
  const question = "Am I blind?";
  const { instances } = health;
  if (instances.length === 0)
    return {
      question,
      mark: "alarm",
      answer: "Yes, throughout: no service that records denials was heard in this range.",
    };
  const blind = blindness(health);
  const troubles = instances.flatMap(({ troubles }) => troubles);
  const whole = blind.reduce((sum, { from, to }) => sum + to - from, 0);
  const told = [
    ...(blind.length > 0
      ? [
          `Metrics were not heard for ${duration(whole)}: ${blind
            .slice(0, 3)
            .map((gap) => span(gap, range))
            .join(", ")}${blind.length > 3 ? ` and ${blind.length - 3} more` : ""}.`,
        ]
      : []),
    ...(troubles.length > 0 ? [`Of their records services said: ${stated(troubles)}.`] : []),
  ];
  if (told.length === 0)
    return {
      question,
      mark: "well",
      answer: `No: ${counted(instances.length, "instance")} heard without a gap, and exporting.`,
    };
  const now = (blind.at(-1)?.to ?? 0) >= range.to;
  return {
    question,
    mark: now || troubles.some(({ state }) => state === "blind") ? "alarm" : "warning",
    answer: [`${now ? "Yes, now." : "For a time."} ${told.join(" ")} `, link(sheet, "telemetry")],
  };
}

function stated(troubles: readonly (TimeRange & { readonly state: string })[]): string {
  const sums = new Map<string, number>();
  for (const { state, from, to } of troubles) sums.set(state, (sums.get(state) ?? 0) + to - from);
  return [...sums]
    .map(([state, ms]) => `${STATES.get(state) ?? "unknown"} for ${duration(ms)}`)
    .join(", ");
}

// A state that nobody has heard of is no word of ours.
const STATES = new Map([
  ["degraded", "degraded"],
  ["blind", "blind"],
]);

function ledgerVerdict(sheet: Sheet, { instances, records }: TelemetryHealth): Verdict {
  const question = "Is all accounted for?";
  const residual = instances.reduce((sum, { residual }) => sum + Math.abs(residual), 0);
  const dropped = totalOf(records.dropped);
  const pending = instances.reduce((sum, { queue }) => sum + queue, 0);
  if (instances.length === 0) return { question, mark: "unknown", answer: "Nobody said." };
  if (residual !== 0)
    return {
      question,
      mark: "alarm",
      answer: [
        `No: the ledger is out by ${count(residual)}. That is a fault of the recorder: report it. `,
        link(sheet, "telemetry"),
      ],
    };
  const settled = `The ledger balances; ${counted(pending, "record")} pending.`;
  return dropped === 0
    ? { question, mark: "well", answer: `${settled} None was dropped.` }
    : {
        question,
        mark: "warning",
        answer: [
          `${settled} ${counted(dropped, "record was", "records were")} dropped; the counts on this page have them all the same. `,
          link(sheet, "telemetry"),
        ],
      };
}

function link({ h }: Sheet, id: string): Element {
  return h("a", { href: `#${id}` }, "Read on");
}
