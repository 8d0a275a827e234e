import type { Findings } from "../findings/findings.ts";
import type { PolicyLoad, Records } from "../findings/records.ts";
import { recordsTable } from "./records-table.ts";
import type { Content, Sheet } from "./html-sheet.ts";
import { storeName } from "./store-name.ts";
import { section, table } from "./tables.ts";
import { capital, count, counted, moment } from "./format-values.ts";

/** Rows of the newest records: how many are shown at once, and how many at most. */
const ROWS = { open: 20, most: 100 } as const;

/** The section of records: first those that tell most, then the newest. */
export function recordsSection(
  sheet: Sheet,
  records: Records,
  { range, logStore }: Findings,
): Element {
  const { h } = sheet;
  const { telling, newest, read, more } = records;
  const left = newest.length - ROWS.most;
  return section(
    sheet,
    "records",
    "The records",
    "Like ones are one row, with the time of the newest: × says how many denials it stands for.",
    telling.length === 0
      ? undefined
      : recordsTable(
          sheet,
          "The telling ones: refused by the kernel, or by a rule and for a reason that are new",
          telling,
          range,
        ),
    newest.length === 0
      ? h(
          "p",
          { class: "empty" },
          `${capital(storeName(logStore))} has no record of a denial in this range.`,
        )
      : recordsTable(
          sheet,
          more ? `The newest ${count(read)}; there are older ones` : `All ${count(read)}`,
          newest.slice(0, ROWS.open),
          range,
        ),
    newest.length > ROWS.open
      ? h(
          "details",
          {},
          h("summary", {}, `${count(Math.min(newest.length, ROWS.most) - ROWS.open)} more`),
          recordsTable(sheet, "The others", newest.slice(ROWS.open, ROWS.most), range),
        )
      : undefined,
    left > 0 ? h("p", { class: "empty" }, `${counted(left, "more row")} not shown.`) : undefined,
  );
}

/** The section of policies that came into force. */
export function policySection(
  sheet: Sheet,
  { metrics, records, logStore, range }: Findings,
): Content {
  const { h } = sheet;
  const loads = records.ok ? records.value.policyLoads : [];
  const seen = metrics.ok ? metrics.value.health.policyLoads : [];
  const known = seen.reduce((sum, load) => sum + load.count, 0);
  return section(
    sheet,
    "policies",
    "Policies",
    "Each that began to decide: what was refused after it may have been allowed before.",
    loads.length > 0
      ? table<PolicyLoad>(
          sheet,
          h("span", { class: "unseen" }, "Policies that began to decide"),
          [
            {
              title: "Time, UTC",
              kind: "time",
              cell: ({ time }) =>
                h("time", { datetime: new Date(time).toISOString() }, moment(time, range)),
            },
            { title: "Policy", kind: "wide", cell: ({ name }) => sheet.name(name) },
            { title: "Content hash", kind: "hash", cell: ({ hash }) => sheet.name(hash) },
            { title: "Service", cell: ({ service }) => sheet.name(service) },
          ],
          loads,
          "policies",
        )
      : h(
          "p",
          { class: "empty" },
          known === 0
            ? "None in this range."
            : `${counted(known, "policy", "policies")} began to decide, at ${seen
                .slice(0, 12)
                .map(({ time }) => moment(time, range))
                .join(", ")}. Their names are in ${storeName(logStore)}.`,
        ),
  );
}
