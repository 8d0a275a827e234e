const COUNT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** `12,345`. */
export function count(value: number): string {
  return COUNT.format(Math.round(value));
}

/** `1 denial`, `12,345 denials`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${Math.round(value) === 1 ? one : many}`;
}

/** `12 %`, `0.3 %`, and `<0.1 %` for a smaller share above 0. */
export function share(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (part / whole) * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.1) return "<0.1 %";
  if (percent > 99.9) return ">99.9 %";
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** `0.25/s`, `12/s`. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return "0/s";
  if (perSecond < 0.01) return "<0.01/s";
  return `${perSecond < 10 ? Number(perSecond.toPrecision(2)) : count(perSecond)}/s`;
}

/** `45 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`, from milliseconds. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 1) return "<1 s";
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}

/** `18 KiB`. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${Number((value / 1024 ** power).toPrecision(3))} ${units[power]}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `22 Nov 2026`. */
export function day(time: number): string {
  const date = new Date(time);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** `21:00:05`. */
export function clock(time: number): string {
  return new Date(time).toISOString().slice(11, 19);
}

/** A moment, with its date if the range is longer than a day: `22 Nov 21:00:05`. */
export function moment(
  time: number,
  { from, to }: { readonly from: number; readonly to: number },
): string {
  const { length } = " 2026";
  // Use a no-break space, so that a line break does not split the date.
  return to - from < DAY_MS
    ? clock(time)
    : `${day(time).slice(0, -length).replace(" ", "\u00A0")} ${clock(time)}`;
}

const DAY_MS = 86_400_000;

/** `21:00:05–21:04:10`. */
export function span(
  { from, to }: { readonly from: number; readonly to: number },
  range: { readonly from: number; readonly to: number },
): string {
  return `${moment(from, range)}–${moment(to, range)}`;
}

/** Makes the first letter a capital, for the start of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
