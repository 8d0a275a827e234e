import type { Content, Sheet } from "./sheet.ts";

/** How a question is answered. */
export interface Verdict {
  readonly question: string;
  readonly mark: "well" | "warning" | "alarm" | "unknown";
  readonly answer: Content;
}

/** To where a verdict is told in full. */
export function readOn({ h }: Sheet, id: string): Element {
  return h("a", { href: `#${id}` }, "Read on");
}
