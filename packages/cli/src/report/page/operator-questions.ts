import type { Findings } from "../findings/findings.ts";
import { LOOK_BACK } from "../findings/increases.ts";
import { totalOf } from "../findings/ranking.ts";
import { layers, type Refusals } from "../findings/refusals.ts";
import type { TelemetryHealth } from "../findings/telemetry-health.ts";
import { blindQuestion } from "./blindness.ts";
import type { Sheet } from "./html-sheet.ts";
import { readOn, type AnsweredQuestion } from "./answered-question.ts";
import { count, counted } from "./format-values.ts";

/** The questions of an operator who is called at night, each with its answer and a link to its section. */
export function operatorQuestions(sheet: Sheet, findings: Findings): Element {
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

// Write the mark as a word too, for readers who do not see colours.
const WORDS = { well: "Well.", warning: "Look.", alarm: "Alarm.", unknown: "Unknown." } as const;

function all(sheet: Sheet, findings: Findings): AnsweredQuestion[] {
  const { metrics } = findings;
  if (!metrics.ok) {
    return ["Do the layers agree?", "Is anything new?", "Am I blind?", "Is all accounted for?"].map(
      (question) => ({ question, mark: "unknown", answer: "Prometheus did not say." }),
    );
  }
  const { refusals, health } = metrics.value;
  return [
    layersQuestion(sheet, refusals),
    newQuestion(sheet, refusals),
    blindQuestion(sheet, health, findings),
    ledgerQuestion(sheet, health),
  ];
}

function layersQuestion(sheet: Sheet, { byLayers }: Refusals): AnsweredQuestion {
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
      ? [
          `It refused ${count(escapes)} that no request had asked the broker for: an attempt to escape.`,
        ]
      : []),
  ];
  return { question, mark: "alarm", answer: [told.join(" "), " ", readOn(sheet, "layers")] };
}

function newQuestion(sheet: Sheet, { newPairs }: Refusals): AnsweredQuestion {
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
          readOn(sheet, "new"),
        ],
      };
}

function ledgerQuestion(sheet: Sheet, { instances, records }: TelemetryHealth): AnsweredQuestion {
  const question = "Is all accounted for?";
  const residual = instances.reduce((sum, { residual }) => sum + Math.abs(residual), 0);
  const dropped = totalOf(records.dropped);
  const pending = instances.reduce((sum, { queue }) => sum + queue, 0);
  if (instances.length === 0) return { question, mark: "unknown", answer: "No service said." };
  if (residual !== 0)
    return {
      question,
      mark: "alarm",
      answer: [
        `No: the ledger is out by ${count(residual)}. That is a fault of the recorder: report it. `,
        readOn(sheet, "telemetry"),
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
          readOn(sheet, "telemetry"),
        ],
      };
}
