import type { Program } from "./life.ts";
import { operation as op } from "./operations.ts";
import { attempt, dropCode, END, FLAT, from } from "./programs.ts";

/** A kind of guest that was found to get out of step with its broker, or one like it. */
export interface FoundInput {
  readonly name: string;
  /** The guest's programs; `k` is the cell's number, so that no two are cut off at the same place. */
  readonly programs: (k: number) => readonly Program[];
  readonly limits?: (k: number) => object;
}

export const at = (k: number): typeof END => ({ ...END, pad: k % 16, every: 1 + (k % 3) });
export const end = (k: number, ...names: string[]): string =>
  from(at(k), names.map((name) => attempt(op(name))).join(" "));
export const flat = (...names: string[]): string =>
  names.map((name) => from(FLAT, attempt(op(name)))).join(" ");
const inAsync = (what: string): string => `(async () => { ${what} })()`;
export const dropped = inAsync(dropCode(`await fs.promises.writeFile(G + "/r63", "granted 63");`));

/** What is denied, and once what is not: asked for after all else. */
export const EPILOGUE: readonly Program[] = [
  flat("read denied"),
  flat("run denied"),
  flat("write denied", "read granted"),
  flat("rm denied", "require forbidden"),
  flat("read denied later", "fetch denied", "run denied later"),
  flat("list denied", "read through a link"),
];

export function input(
  name: string,
  programs: (k: number) => readonly Program[],
  limits?: FoundInput["limits"],
): FoundInput {
  const all = (k: number): readonly Program[] => [...programs(k), ...EPILOGUE];
  return { name, programs: all, ...(limits === undefined ? {} : { limits }) };
}

/**
 * One operation at the end, until it works, and nothing beside it: what the account of an attempt adds to the guest's code moves
 * the place where the cell's is cut off.
 */
export function bare(k: number, what: string): string {
  const names = Array.from({ length: k % 8 }, (_, index) => `p${index}`);
  const padding = names.map((name, index) => `let ${name} = x + ${index};`).join(" ");
  return `(() => { let ok = 0; const f = (x) => { ${padding} try { f(x + 1); } catch {}
    if (ok < 1) { try { ${what}; ok++; } catch {} } return 0${names.map((name) => ` + ${name}`).join("")}; }; f(0); return ok; })()`;
}
