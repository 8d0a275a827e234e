import type { DenialRecord } from "../findings/records.ts";
import type { TimeRange } from "../time-range.ts";
import type { Content, Sheet } from "./html-sheet.ts";
import { table } from "./tables.ts";
import { count, moment } from "./format-values.ts";

/** A table of records, one a row: when, who, what, why, and by which layer. */
export function recordsTable(
  sheet: Sheet,
  caption: string,
  records: readonly DenialRecord[],
  range: TimeRange,
): Element {
  const { h } = sheet;
  return table<DenialRecord>(
    sheet,
    caption,
    [
      {
        title: "Time, UTC",
        kind: "time",
        cell: ({ time }) =>
          h("time", { datetime: new Date(time).toISOString() }, moment(time, range)),
      },
      { title: "Cell", kind: "cell", cell: ({ cell }) => sheet.name(cell) },
      {
        title: "Asked for",
        kind: "wide",
        cell: ({ capability, attemptedAction, count: times }) => [
          sheet.name(capability),
          " ",
          sheet.guest(attemptedAction),
          times > 1 ? h("span", { class: "times" }, ` × ${count(times)}`) : undefined,
        ],
      },
      {
        title: "Refused by rule, for",
        kind: "rule",
        cell: (record) => [sheet.name(record.rule), " ", why(sheet, record)],
      },
      { title: "Broker × kernel", kind: "layers", cell: (record) => decidedBy(sheet, record) },
    ],
    records,
    "records",
  );
}

function why(sheet: Sheet, record: DenialRecord): Content {
  const { reason, nearestRule, enforced, broker, description, owner } = record;
  const { h } = sheet;
  return h(
    "span",
    { class: "why" },
    sheet.name(reason),
    nearestRule === undefined ? undefined : [", nearest ", sheet.name(nearestRule)],
    enforced ? undefined : SHADOW[broker === "allow" ? "allow" : "deny"],
    // What a policy says of its rule. Another client of the log store may have written it, so it is shown as a guest's text is.
    description === undefined ? undefined : [": ", sheet.name(description)],
    owner === undefined ? undefined : [" (ask ", sheet.name(owner), ")"],
  );
}

const SHADOW = {
  allow: ", which a shadow policy would allow",
  deny: ", by a shadow policy: nothing was refused",
} as const;

function decidedBy(sheet: Sheet, { broker, kernel }: DenialRecord): Content {
  const telling = kernel === "deny";
  return sheet.h(
    "span",
    { class: telling ? "telling" : undefined },
    sheet.name(broker.replaceAll("_", " ")),
    " × ",
    sheet.name(kernel.replaceAll("_", " ")),
  );
}
