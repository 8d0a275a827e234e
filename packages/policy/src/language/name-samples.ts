import type { Sample } from "./sampled-space.ts";
import { shortTexts } from "./short-texts.ts";

/** How the names of one kind of scope are written. */
export interface NameKind {
  /** The one spelling of a name; null for text that is not a name. */
  readonly canonical: (name: string) => string | null;
  /** The characters to make up a name that no pattern names, the likeliest first. */
  readonly characters: string;
  /** What every name begins with. */
  readonly start: string;
}

/** A sample of each class of names: each that a pattern names, and one that none does. */
export function* nameSamples(
  { canonical, characters, start }: NameKind,
  patterns: Iterable<string>,
): Iterable<Sample> {
  const every: string[] = [];
  const byName = new Map<string, string[]>();
  for (const pattern of patterns) {
    if (pattern === "*") every.push(pattern);
    else {
      const name = canonical(pattern) ?? pattern;
      byName.set(name, [...(byName.get(name) ?? []), pattern]);
    }
  }
  for (const [target, own] of byName) yield { target, coveredBy: [...own, ...every] };
  if (every.length === 0) return;
  for (const more of shortTexts(characters)) {
    const target = start + more;
    if (canonical(target) !== target || byName.has(target)) continue;
    yield { target, coveredBy: every };
    return;
  }
}
