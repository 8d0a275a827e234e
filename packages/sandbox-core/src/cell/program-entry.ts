import { decodeClone } from "../clone/structured-clone.ts";
import { decodeExec, type Exec } from "../frames.ts";
import type { GuestIsolate } from "./isolate.ts";
import { isCommonJs } from "./modules/common-js.ts";
import { asScript } from "./modules/program.ts";
import { problemOfProgram, PROGRAM, type SyntaxProblem } from "../modules/syntax-problem.ts";

/** A program's first entry into the isolate. A later entry cannot find that the engine refuses the text. */
export class ProgramEntry {
  #script: string | undefined;

  /** @param input The clone of what the program gets as `input`; empty for none. */
  run(guest: GuestIsolate, id: number, source: string, input: Buffer, timeout: number): void {
    const given: [unknown] | undefined = input.length === 0 ? undefined : [decodeClone(input)];
    const { text, isModule } = asScript(source, (module) => guest.problemIn(module, "module"));
    this.#script = text;
    const form = isModule ? "module" : isCommonJs(source) ? "commonjs" : "script";
    guest.run(id, `${text}\n//# sourceURL=${PROGRAM}`, form, given, timeout);
  }

  end(): void {
    this.#script = undefined;
  }

  /** What the engine refuses in the program of this entry, which it parses again; undefined if the program ran. */
  problem(guest: GuestIsolate): SyntaxProblem | undefined {
    const script = this.#script;
    if (script === undefined) return undefined;
    return problemOfProgram(script, (text, kind) => guest.problemIn(text, kind));
  }
}

/** What a frame of kind `exec` says. */
export function readRun(body: Buffer): Exec & { readonly input: Buffer } {
  const { exec, input } = decodeExec(body);
  return { ...(decodeClone(exec) as Exec), input };
}
