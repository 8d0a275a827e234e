import { UsageError } from "../command.ts";

/** From and to, in Unix milliseconds. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const RELATIVE = /^-(?<count>\d{1,9})(?<unit>[smhdw])$/;
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
/** Shortest range, milliseconds. A shorter one has fewer moments than the report has columns. */
const SHORTEST_MS = 10_000;

/**
 * Parses a moment: RFC 3339, `now`, or a distance before now such as `-90m`.
 *
 * @throws UsageError for other text; it says what is accepted.
 */
function parseMoment(text: string, now: number): number {
  if (text === "now") return now;
  const { count, unit } = RELATIVE.exec(text)?.groups ?? {};
  const time =
    count === undefined || unit === undefined
      ? calendarTime(text)
      : now - Number(count) * UNITS[unit as keyof typeof UNITS];
  if (Number.isNaN(time))
    throw new UsageError(
      `${JSON.stringify(text)} is not a moment: write it as 2026-11-22T21:00:00Z, as -90m (units s, m, h, d, w) or as now.`,
    );
  if (time < 0) throw new UsageError(`${text} is before 1970: nothing was recorded then.`);
  return time;
}

/** Unix milliseconds of a moment in RFC 3339; NaN for other text, and for a day that no month has, which `Date.parse` takes for a later one. */
function calendarTime(text: string): number {
  if (!RFC_3339.test(text)) return Number.NaN;
  const date = text.slice(0, "2026-11-22".length);
  const day = Date.parse(`${date}T00:00:00Z`);
  const exists = !Number.isNaN(day) && new Date(day).toISOString().startsWith(date);
  return exists ? Date.parse(text) : Number.NaN;
}

/**
 * Parses a range that lies before now.
 *
 * @throws UsageError for a range that has not begun, or is shorter than 10 s
 */
export function parseRange(from: string, to: string, now: number): TimeRange {
  const range = { from: parseMoment(from, now), to: parseMoment(to, now) };
  if (range.from > now) throw new UsageError(`--from ${from} has not come yet.`);
  if (range.to - range.from < SHORTEST_MS)
    throw new UsageError(
      `The range from ${from} to ${to} is too short: ${SHORTEST_MS / 1000} s at least.`,
    );
  // Cut the range at now: the future would look like missing telemetry.
  return { from: range.from, to: Math.min(range.to, now) };
}
