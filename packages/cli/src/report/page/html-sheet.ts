import { JSDOM } from "jsdom";

import { visible } from "../../visible-text.ts";

/** The content of an element. Strings become text, never markup. */
export type Content = Node | string | undefined | readonly Content[];
type Attributes = Readonly<Record<string, string | number | undefined>>;

/**
 * A document under construction. It offers no way to write markup: the program names elements and attributes, and everything else
 * is text, which the document's serializer escapes.
 */
export interface Sheet {
  readonly document: Document;
  /** Makes an HTML element. */
  readonly h: (
    name: string,
    attributes?: Attributes,
    ...content: readonly Content[]
  ) => HTMLElement;
  /** Makes an SVG element. */
  readonly s: (name: string, attributes?: Attributes, ...content: readonly Content[]) => SVGElement;
  /** Shows text that a guest may have written, in a box that holds no text of ours. */
  readonly guest: (text: string) => Content;
  /** Shows a name that the host gave to a cell, a rule or an instance. */
  readonly name: (text: string, most?: number) => Content;
}

const SVG = "http://www.w3.org/2000/svg";
/** Longest name that is shown; valid names of rules are not longer. */
const LONGEST_NAME = 64;

export function createSheet(): Sheet {
  const { document } = new JSDOM("<!doctype html><html lang='en'><head></head><body></body></html>")
    .window;
  const fill = <E extends Element>(element: E, attributes: Attributes, content: Content): E => {
    for (const [name, value] of Object.entries(attributes))
      if (value !== undefined) element.setAttribute(name, String(value));
    append(element, content);
    return element;
  };
  const h: Sheet["h"] = (name, attributes = {}, ...content) =>
    fill(document.createElement(name), attributes, content);
  const foreign = (text: string, kind: "guest" | "name", most?: number): Content => {
    if (text === "") return "–";
    const { pieces, left } = visible(text, most);
    const box = h(
      "bdi",
      // Set the direction to left-to-right whatever the first character is: a path in the other direction reads as another path.
      { class: kind, dir: "ltr", translate: "no" },
      pieces.map(({ kind, text }) =>
        kind === "text" ? text : h("span", { class: "character" }, text),
      ),
    );
    return left === 0 ? box : [box, h("span", { class: "cut" }, ` +${left} characters`)];
  };
  return {
    document,
    h,
    s: (name, attributes = {}, ...content) =>
      fill(document.createElementNS(SVG, name), attributes, content),
    guest: (text) => foreign(text, "guest"),
    name: (text, most = LONGEST_NAME) => foreign(text, "name", most),
  };
}

function append(parent: Element, content: Content): void {
  if (content === undefined) return;
  if (typeof content === "string" || "nodeType" in content) parent.append(content);
  else for (const each of content) append(parent, each);
}
