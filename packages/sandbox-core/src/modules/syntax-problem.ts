import type { Failure } from "../failure-frame.ts";

/** The name of every program in stack traces. */
export const PROGRAM = "guest.js";

/** A syntax error, and its place in the program: line and column, both from 1. */
export interface SyntaxProblem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** Reads the syntax error that isolated-vm throws, which ends in its place; undefined for any other error. */
export function syntaxProblem(error: unknown): SyntaxProblem | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const [, message, line, column] = /^(.*) \[guest\.js:(\d+):(\d+)\]$/s.exec(error.message) ?? [];
  if (message === undefined) return undefined;
  return { message, line: Number(line), column: Number(column) };
}

/** The failure of a program that the engine refused, in the engine's words whatever the guest has made of its errors. */
export function asFailure({ message, line, column }: SyntaxProblem): Failure {
  const stack = `SyntaxError: ${message}\n    at ${PROGRAM}:${line}:${column}`;
  return { name: "SyntaxError", message, stack };
}

/** A program that throws this SyntaxError at its place, so that the stack of the error tells it. */
export function throwing({ message, line, column }: SyntaxProblem): string {
  // The place is that of `new`, which may stand lines below the parenthesis, but not below `throw` alone.
  const start = "throw (";
  const indent = line === 1 ? column - 1 - start.length : column - 1;
  return `${start}${"\n".repeat(line - 1)}${" ".repeat(Math.max(0, indent))}new SyntaxError(${JSON.stringify(message)}));`;
}

/** The start and end that make a program with a top-level `return` the body of a function. `runner.ts` does the same. */
const START = "(function () {";
const END = "\n})";

/**
 * What the engine refuses in a program.
 *
 * @param script What `asScript` made of the program.
 * @param problemIn Asks the engine.
 * @returns undefined if it ran.
 */
export function problemOfProgram(
  script: string,
  problemIn: (text: string, kind: "script" | "module") => SyntaxProblem | undefined,
): SyntaxProblem | undefined {
  const problem = problemIn(script, "script");
  if (problem === undefined || !script.includes("return")) return problem;
  const inBody = problemIn(`${START}${script}${END}`, "script");
  if (inBody === undefined) return undefined;
  if (!isIllegalReturn(problem)) return problem;
  // The `return` is right, and the engine came no further.
  const lines = script.split("\n");
  const last = lines.at(-1) ?? "";
  const { message, line } = inBody;
  const column = line === 1 ? inBody.column - START.length : inBody.column;
  if (line > lines.length || (line === lines.length && column > last.length))
    return { message: "Unexpected end of input", line: lines.length, column: last.length + 1 };
  return { message, line, column };
}

/** Whether it is what the engine says of a top-level `return`, which a program may have. */
export function isIllegalReturn({ message }: SyntaxProblem): boolean {
  return message === "Illegal return statement";
}
