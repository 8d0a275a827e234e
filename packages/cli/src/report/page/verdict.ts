import type { Content, Sheet } from "./sheet.ts";

/** The answer to a question. */
export interface Verdict {
  readonly question: string;
  readonly mark: "well" | "warning" | "alarm" | "unknown";
  readonly answer: Content;
}

/** A link to the section that gives a verdict in full. */
export function readOn({ h }: Sheet, id: string): Element {
  return h("a", { href: `#${id}` }, "Read on");
}
