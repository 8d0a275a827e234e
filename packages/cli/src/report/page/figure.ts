import { type Width } from "../plots/svg-plot.ts";
import type { Content, Sheet } from "./sheet.ts";

/** A drawing at both widths, of which a page shows one, and to a screen reader tells one. */
export function figure({ h }: Sheet, draw: (width: Width) => Element, caption: Content): Element {
  return h(
    "figure",
    {},
    h("figcaption", {}, caption),
    h("div", { class: "only-wide" }, draw("wide")),
    h("div", { class: "only-narrow" }, draw("narrow")),
  );
}
