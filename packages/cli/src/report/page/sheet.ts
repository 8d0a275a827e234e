import { JSDOM } from "jsdom";

import { visible } from "../../visible.ts";

/** What stands in an element. Text is text, whatever is in it. */
export type Content = Node | string | undefined | readonly Content[];
type Attributes = Readonly<Record<string, string | number | undefined>>;

/**
 * A document being written. There is no way here to write markup: elements and attributes are named by the program, and
 * all else is text, which the document's own serializer escapes.
 */
export interface Sheet {
  readonly document: Document;
  /** An element of HTML. */
  readonly h: (
    name: string,
    attributes?: Attributes,
    ...content: readonly Content[]
  ) => HTMLElement;
  /** An element of SVG. */
  readonly s: (name: string, attributes?: Attributes, ...content: readonly Content[]) => SVGElement;
  /** What a guest may have written, in a box that nothing of ours is in. */
  readonly guest: (text: string) => Content;
  /** A name that a host gave: of a cell, a rule, an instance. */
  readonly name: (text: string, most?: number) => Content;
}

const SVG = "http://www.w3.org/2000/svg";
/** A rule's or a cell's name is not longer, unless it is not one. */
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
      // Left to right whatever it begins with: a path read backwards is another path.
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
