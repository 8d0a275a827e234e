import { compileFunction } from "node:vm";

import type { SyntaxProblem } from "./syntax-problem.ts";

/** The name of the text in V8's message. */
const FILE = "module";

/**
 * What V8 refuses in the body of a CommonJS module, without running it; undefined for a text that it takes. It looks at a large file in
 * a small part of the time and memory that the parser takes, and most large files have a word of modules only in a comment or a text.
 */
export function problemOfBody(body: string): SyntaxProblem | undefined {
  try {
    // Compiled and not run.
    compileFunction(body, ["module", "exports", "require"], { filename: FILE });
    return undefined;
  } catch (error) {
    // Otherwise the text is nested too deeply for this thread's stack: the cell's V8 has the last word.
    if (!(error instanceof SyntaxError)) return undefined;
    const { message, stack = "" } = error;
    // Its first lines are the place, the text of that line, and marks below what is refused; at the end of the text, none.
    const [, line = "1", , marks = ""] = /^module:(\d+)\n(.*)\n( *\^|)/.exec(stack) ?? [];
    return { message, line: Number(line), column: Math.max(1, marks.length) };
  }
}
