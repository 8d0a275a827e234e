import type { z } from "zod";

import type { Path } from "./plain-data.ts";
import { spell } from "./spell.ts";

/**
 * One problem of each value, which may fail several checks for one reason: the last, which is the most specific. But a mapping has no
 * size: zod takes one with a key `length` for a list of that length, after it has said that it is none.
 */
export function mostSpecific(problems: readonly z.core.$ZodIssue[]): Iterable<z.core.$ZodIssue> {
  const byPath = new Map<string, z.core.$ZodIssue>();
  for (const issue of problems) {
    const path = spell(issue.path as Path);
    const isSize = issue.code === "too_big" || issue.code === "too_small";
    if (isSize && byPath.get(path)?.code === "invalid_type") continue;
    byPath.set(path, issue);
  }
  return byPath.values();
}
