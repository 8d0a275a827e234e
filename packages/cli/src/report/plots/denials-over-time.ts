import * as Plot from "@observablehq/plot";

import type { Grid } from "../findings/time-columns.ts";
import type { Ranked } from "../findings/ranking.ts";
import type { Sheet } from "../page/html-sheet.ts";
import { plain } from "../../visible-text.ts";
import { count, counted, rate, span } from "../page/format-values.ts";
import type { TimeRange } from "../time-range.ts";
import { svgPlot, timeAxis, UNHEARD, type Width } from "./svg-plot.ts";

/** What the plot over time shows. */
export interface Course {
  readonly grid: Grid;
  /** The layers of the plot, the lowest first. */
  readonly layers: readonly Ranked[];
  readonly silences: readonly TimeRange[];
  /** Unix milliseconds. */
  readonly policyLoads: readonly number[];
}

interface Column {
  readonly from: Date;
  readonly to: Date;
  readonly bottom: number;
  readonly top: number;
  readonly colour: string;
  /** Lower for a mean over a silence. */
  readonly opacity: number;
  readonly title: string;
}

/** Plots denials a second over the range, one colour for each reason. Ranges without metrics are hatched. */
export function coursePlot(sheet: Sheet, width: Width, course: Course): Element {
  const { grid, layers, silences, policyLoads } = course;
  const columns = stacked(layers, grid, silences);
  const most = Math.max(1 / (grid.step / 1000), ...columns.map(({ top }) => top));
  return svgPlot(sheet, width, "course", inWords(course, most), {
    height: width === "wide" ? 216 : 188,
    marginLeft: 42,
    x: { type: "utc", domain: [new Date(grid.from), new Date(grid.to)] },
    y: { domain: [0, most], nice: true },
    marks: [
      Plot.rect(silences, {
        x1: ({ from }: TimeRange) => new Date(from),
        x2: ({ to }: TimeRange) => new Date(to),
        y1: 0,
        y2: most,
        inset: 0,
        fill: UNHEARD,
        title: (silence: TimeRange) => `Nothing heard ${span(silence, grid)}`,
      }),
      Plot.gridY({ ticks: 3, stroke: "var(--rule)", strokeOpacity: 1 }),
      Plot.rect(columns, {
        x1: "from",
        x2: "to",
        y1: "bottom",
        y2: "top",
        insetLeft: width === "wide" ? 0.75 : 0.25,
        insetRight: width === "wide" ? 0.75 : 0.25,
        fill: "colour",
        fillOpacity: { value: "opacity", scale: null },
        ...(width === "wide" ? { title: "title" } : {}),
      }),
      Plot.ruleX(policyLoads, {
        x: (time: number) => new Date(time),
        stroke: "var(--policy)",
        strokeDasharray: "3 2",
      }),
      Plot.dot(policyLoads, {
        x: (time: number) => new Date(time),
        y: () => most,
        frameAnchor: "top",
        symbol: "diamond",
        r: 3.5,
        fill: "var(--policy)",
      }),
      Plot.ruleY([0], { stroke: "var(--ink)" }),
      timeAxis(width, grid),
      Plot.axisY({
        ticks: 3,
        tickSize: 0,
        color: "var(--muted)",
        label: null,
        tickFormat: (value: number) => rate(value),
      }),
    ],
  });
}

function stacked(layers: readonly Ranked[], grid: Grid, silences: readonly TimeRange[]): Column[] {
  const heights = grid.ends.map(() => 0);
  return layers.flatMap(({ name, columns }, layer) =>
    columns.flatMap((denials, index) => {
      if (denials === 0) return [];
      const bottom = heights[index] ?? 0;
      const top = bottom + denials / (grid.step / 1000);
      heights[index] = top;
      const to = grid.ends[index] ?? grid.to;
      const middle = to - grid.step / 2;
      const unheard = silences.some(({ from, to }) => from < middle && middle < to);
      const when = span({ from: to - grid.step, to }, grid);
      const perSecond = rate(denials / (grid.step / 1000));
      return [
        {
          from: new Date(to - grid.step),
          to: new Date(to),
          bottom,
          top,
          colour: colourOf(layer),
          opacity: unheard ? 0.4 : 1,
          title: `${when}\n${plain(name)}: ${unheard ? `${perSecond} on average` : `${count(denials)}, ${perSecond}`}`,
        },
      ];
    }),
  );
}

/** The colour of the n-th layer. */
function colourOf(layer: number): string {
  return `var(--layer-${layer + 1})`;
}

function inWords({ grid, layers, silences, policyLoads }: Course, most: number): string {
  const parts = [
    `Denials a second from ${span(grid, grid)} UTC, at most ${rate(most)}`,
    ...layers.map(({ name, total }) => `${plain(name)} ${count(total)}`),
    silences.length === 0 ? "heard throughout" : counted(silences.length, "silence"),
    counted(policyLoads.length, "policy change"),
  ];
  return `${parts.join("; ")}.`;
}
