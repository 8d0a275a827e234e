import { ATTRIBUTES, prometheusLabel } from "@pyisolate/telemetry";
import { CLICKED, labelOf, recordsThen, recordsUrl } from "../links.ts";

import { bars, table } from "../panels.ts";
import { countedOver, perSecond, sumBy } from "../promql.ts";
import { denialsOfCells } from "../selectors.ts";
import { columns } from "../tables.ts";
import { asTable, overTime } from "../targets.ts";
import type { LogStore } from "../stores/log-store.ts";

const A = ATTRIBUTES;

/** The row of cells that were refused something. */
export const who = (store: LogStore) => [
  bars({
    id: 21,
    title: "Denials by cell",
    description:
      "Who was refused. One cell far above the others is that tenant's guest or that tenant's policy; all of them at once is a policy for all, or the host. Follows the cell and no other filter: this counter has the cell alone. Cells past the series budget are _other; the records have their names.",
  })
    .span(14)
    .unit("cps")
    .withTarget(overTime(perSecond([A.cell], denialsOfCells), `{{${prometheusLabel(A.cell)}}}`))
    .dataLinks([recordsThen(store, { cell: labelOf(A.cell) })]),

  table({
    id: 22,
    title: "Top cells",
    description:
      "The twenty cells that were refused most in the time chosen, cells that have ended included. Click a name for its records. Follows the cell and no other filter.",
  })
    .span(10)
    .unit("short")
    .withTarget(asTable(`topk(20, ${sumBy([A.cell], countedOver(denialsOfCells, "$__range"))})`))
    .transformations(columns([prometheusLabel(A.cell), "Cell"], ["Value", "Denials"]))
    .overrideByName("Cell", [
      {
        id: "links",
        value: [{ title: "Records of this cell", url: recordsUrl(store, { cell: CLICKED }) }],
      },
    ])
    .overrideByName("Denials", [
      { id: "custom.cellOptions", value: { type: "gauge", mode: "basic" } },
      { id: "min", value: 0 },
    ]),
];
