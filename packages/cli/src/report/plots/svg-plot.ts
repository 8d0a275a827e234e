import * as Plot from "@observablehq/plot";

import type { Sheet } from "../page/html-sheet.ts";
import { clock, day } from "../page/format-values.ts";
import type { TimeRange } from "../time-range.ts";

/** The two widths of a plot. Text in a drawing does not reflow, so a narrow page needs its own drawing. */
export const WIDTHS = { wide: 1080, narrow: 358 } as const;
export type Width = keyof typeof WIDTHS;

/** Makes one drawing without style elements or style attributes, which a strict content security policy would block. */
export function svgPlot(
  { document, s }: Sheet,
  width: Width,
  name: string,
  label: string,
  options: Plot.PlotOptions,
): Element {
  const svg = Plot.plot({
    document,
    width: WIDTHS[width],
    figure: false,
    marginTop: 12,
    marginBottom: 22,
    marginLeft: 0,
    // Leave room for half the width of the last moment's label.
    marginRight: 16,
    ...options,
  });
  for (const style of svg.querySelectorAll("style")) style.remove();
  // Label the drawing as a whole only: its groups may not have labels.
  for (const group of svg.querySelectorAll("g")) group.removeAttribute("aria-label");
  svg.setAttribute("class", "plot");
  svg.setAttribute("font-size", "11");
  svg.removeAttribute("font-family");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  // Without these attributes, the drawing scales with its box by the view box.
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  const id = `${name}-${width}-unheard`;
  for (const rect of svg.querySelectorAll(`[fill="${UNHEARD}"]`))
    rect.setAttribute("fill", `url(#${id})`);
  svg.prepend(
    s(
      "defs",
      {},
      s(
        "pattern",
        { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        s("rect", { width: 6, height: 6, class: "unheard-ground" }),
        s("rect", { width: 1.5, height: 6, class: "unheard-line" }),
      ),
    ),
  );
  return svg;
}

/** The fill for ranges without metrics. It is a placeholder until the id of the drawing's pattern is known. */
export const UNHEARD = "var(--unheard)";

/** The time axis, at the bottom. */
export function timeAxis(width: Width, { from, to }: TimeRange): Plot.Markish {
  const length = to - from;
  return Plot.axisX({
    ticks: width === "wide" ? 8 : 4,
    tickSize: 4,
    color: "var(--muted)",
    label: null,
    tickFormat: (date: Date) => {
      const time = date.getTime();
      if (length > 2 * DAY_MS) return day(time).slice(0, -5);
      return length > 8 * MINUTE_MS ? clock(time).slice(0, -3) : clock(time);
    },
  });
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
