import type { z } from "zod";

import { at } from "./data-at.ts";
import type { Path, PlainData } from "./plain-data.ts";

type Issue = z.core.$ZodIssue;

/** A command is text or a mapping. Of what both forms say to it, keeps what the form says that the author began to write. */
export function withinUnion(issue: Issue, data: PlainData | undefined): readonly Issue[] {
  const path = issue.path as Path;
  if (issue.code !== "invalid_union" || path.at(-1) === "capability") return [issue];
  const written = at(data, path);
  const isMapping = typeof written === "object" && written !== null && !Array.isArray(written);
  const said = issue.errors[isMapping ? 1 : 0] ?? [];
  return said.map((each) => ({ ...each, path: [...issue.path, ...each.path] }));
}
