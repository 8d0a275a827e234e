/** The members of an object in JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object; undefined for any other value of JSON. */
export function asRecord(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}
