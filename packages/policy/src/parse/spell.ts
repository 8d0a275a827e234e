import { quoted } from "../clean-text.ts";
import type { Path } from "./plain-data.ts";

/** Spells a path as `rules[2].paths[0]`. A key that is not a plain word is quoted. */
export function spell(path: Path): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      if (!/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(key)) return `[${quoted(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join("");
}
