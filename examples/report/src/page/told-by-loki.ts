import type { Findings } from "../findings/findings.ts";
import type { PolicyLoad, Records } from "../findings/records.ts";
import type { TimeRange } from "../time-range.ts";
import { recordsTable } from "./records-table.ts";
import type { Content, Sheet } from "./sheet.ts";
import { section, table } from "./tables.ts";
import { counted, moment } from "./wording.ts";

/** The records themselves: those of the kernel first, then the newest. */
export function recordsSection(sheet: Sheet, records: Records, range: TimeRange): Element {
  const { h } = sheet;
  const { kernel, newest, more } = records;
  return section(
    sheet,
    "records",
    "The records",
    "A record may stand for a burst of like denials: × tells of how many, the text is the first one’s.",
    kernel.length === 0
      ? undefined
      : recordsTable(sheet, "Refused by the kernel, the newest first", kernel, range),
    newest.length === 0
      ? h("p", { class: "empty" }, "Loki has no record of a denial in this range.")
      : recordsTable(
          sheet,
          more ? `The newest ${newest.length}; there are older ones` : "All, the newest first",
          newest,
          range,
        ),
  );
}

/** Policies that began to decide. */
export function policySection(sheet: Sheet, { metrics, records, range }: Findings): Content {
  const { h } = sheet;
  const loads = records.ok ? records.value.policyLoads : [];
  const seen = metrics.ok ? metrics.value.health.policyLoads : [];
  const known = seen.reduce((sum, { count }) => sum + count, 0);
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
                .join(", ")}. Their names are in Loki.`,
        ),
  );
}
