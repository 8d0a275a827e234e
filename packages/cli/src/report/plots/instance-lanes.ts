import * as Plot from "@observablehq/plot";

import type { Grid } from "../findings/time-columns.ts";
import type { Instance } from "../findings/instance-presence.ts";
import type { Sheet } from "../page/html-sheet.ts";
import { plain } from "../../visible-text.ts";
import { counted, duration, span } from "../page/format-values.ts";
import { svgPlot, timeAxis, UNHEARD, type Width } from "./svg-plot.ts";

interface Spell {
  readonly lane: number;
  readonly from: Date;
  readonly to: Date;
  readonly colour: string;
  readonly title: string;
}

const LANE_HEIGHT = 30;

/** Plots a lane for each instance: when it was scraped, which troubles it reported, and when it was not scraped. */
export function lanesPlot(
  sheet: Sheet,
  width: Width,
  instances: readonly Instance[],
  grid: Grid,
): Element {
  const spells = instances.flatMap((instance, lane) => spellsOf(instance, lane, grid));
  const names = instances.map((instance, lane) => ({
    lane,
    text: laneName(instance, width === "wide" ? 100 : 46),
  }));
  return svgPlot(sheet, width, "lanes", inWords(instances), {
    height: instances.length * LANE_HEIGHT + 30,
    marginTop: 0,
    x: { type: "utc", domain: [new Date(grid.from), new Date(grid.to)] },
    y: { type: "linear", domain: [instances.length, 0], axis: null },
    marks: [
      Plot.text(names, {
        x: () => new Date(grid.from),
        y: ({ lane }: Spell) => lane + 0.36,
        text: "text",
        textAnchor: "start",
        fill: "var(--muted)",
      }),
      Plot.rect(spells, {
        x1: "from",
        x2: "to",
        y1: ({ lane }: Spell) => lane + 0.64,
        y2: ({ lane }: Spell) => lane + 0.92,
        fill: "colour",
        title: "title",
      }),
      timeAxis(width, grid),
    ],
  });
}

/** The label of a lane. */
function laneName({ job, instance }: Instance, most: number): string {
  return plain(`${job}  ${instance}`, most);
}

function spellsOf(instance: Instance, lane: number, grid: Grid): Spell[] {
  const spell = (from: number, to: number, colour: string, title: string): Spell => ({
    lane,
    from: new Date(Math.max(from, grid.from)),
    to: new Date(Math.min(to, grid.to)),
    colour,
    title: `${title} ${span({ from, to }, grid)}`,
  });
  const { first, last, gaps, troubles } = instance;
  return [
    spell(first, last, "var(--well)", "Heard"),
    ...troubles.map(({ from, to, state }) =>
      spell(from, to, state === "degraded" ? "var(--warning)" : "var(--alarm)", plain(state)),
    ),
    // Draw the background first, because a hatch is transparent.
    ...gaps.flatMap(({ from, to }) => [
      spell(from, to, "var(--paper)", "Not heard"),
      spell(from, to, UNHEARD, "Not heard"),
    ]),
  ];
}

function inWords(instances: readonly Instance[]): string {
  const each = instances.map((instance) => {
    const unheard = instance.gaps.reduce((sum, { from, to }) => sum + to - from, 0);
    return `${laneName(instance, 60)}: ${unheard === 0 ? "no gap" : `not heard for ${duration(unheard)}`}, ${counted(instance.troubles.length, "spell")} of trouble`;
  });
  return `Instances over the range. ${each.join("; ")}.`;
}
