import type { Content, Sheet } from "./html-sheet.ts";

/** A question of an operator, with its answer. */
export interface AnsweredQuestion {
  readonly question: string;
  readonly mark: "well" | "warning" | "alarm" | "unknown";
  readonly answer: Content;
}

/** A link to the section that gives an answer in full. */
export function readOn({ h }: Sheet, id: string): Element {
  return h("a", { href: `#${id}` }, "Read on");
}
