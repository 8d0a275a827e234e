import { VERDICTS } from "@pyisolate/policy";

import { layers, type Refusals } from "../findings/refusals.ts";
import type { Sheet } from "./html-sheet.ts";
import { count } from "./format-values.ts";

/** What a pair of verdicts means, if it means more than a refusal. */
const TELLING: Readonly<Record<string, string>> = {
  [layers("allow", "deny")]: "policy and kernel disagree",
  [layers("not_evaluated", "deny")]: "attempt to escape",
};

/** A table of the broker's verdict by the kernel's: which layer refused. */
export function layersTable({ h }: Sheet, { byLayers }: Refusals): Element {
  const greatest = Math.max(1, ...byLayers.values());
  const words = (verdict: string): string => verdict.replaceAll("_", " ");
  const cell = (broker: string, kernel: string): Element => {
    const key = layers(broker, kernel);
    const total = byLayers.get(key) ?? 0;
    const telling = TELLING[key];
    // Use five shades on a logarithmic scale: one denial by the kernel must stay visible beside a flood of others.
    const shade = total === 0 ? 0 : 1 + Math.round((Math.log(total) / Math.log(greatest + 1)) * 3);
    return h(
      "td",
      {
        role: "cell",
        class: total === 0 ? "none" : telling === undefined ? `shade-${shade}` : "telling",
      },
      total === 0 ? "0" : count(total),
      total > 0 && telling !== undefined ? h("small", {}, telling) : undefined,
    );
  };
  return h(
    "table",
    { class: "matrix" },
    h("caption", {}, "Denials by the broker’s verdict (rows) and the kernel’s (columns)"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("td", {}, h("span", { class: "unseen" }, "Broker, kernel")),
        VERDICTS.map((kernel) => h("th", { scope: "col" }, words(kernel))),
      ),
    ),
    h(
      "tbody",
      {},
      VERDICTS.map((broker) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, words(broker)),
          VERDICTS.map((kernel) => cell(broker, kernel)),
        ),
      ),
    ),
  );
}
