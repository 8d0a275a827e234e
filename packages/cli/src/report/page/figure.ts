import { type Width } from "../plots/svg-plot.ts";
import type { Content, Sheet } from "./html-sheet.ts";

/** Draws a figure at both widths. The page shows one of them, and screen readers get one description. */
export function figure({ h }: Sheet, draw: (width: Width) => Element, caption: Content): Element {
  return h(
    "figure",
    {},
    h("figcaption", {}, caption),
    h("div", { class: "only-wide" }, draw("wide")),
    h("div", { class: "only-narrow" }, draw("narrow")),
  );
}
