import type { Path, PlainData, PlainObject } from "./plain-data.ts";

/** The value at a place in a document; undefined where there is none. */
export function at(data: PlainData | undefined, path: Path): PlainData | undefined {
  let value = data;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as PlainObject)[key];
  }
  return value;
}

/** Puts a value at a place whose container is there. */
export function put(data: PlainData | undefined, path: Path, value: PlainData): void {
  const container = at(data, path.slice(0, -1)) as PlainObject;
  const key = path.at(-1);
  if (key !== undefined) container[key] = value;
}
