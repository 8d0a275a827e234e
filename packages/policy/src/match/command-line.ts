import { MAX_TARGET_LENGTH } from "../clean-text.ts";

/** Text that needs no quotes in a command line. */
const BARE = /^[^\s"]+$/;

/**
 * A command and its arguments as one line, for records and messages: parts with spaces or quotes, and empty ones, stand in quotes,
 * in which a quote is doubled. Two different command lines that are not cut give different texts.
 *
 * @remarks Not clean: `denialEvent` cleans and cuts it. Ends after about 1,024 characters, because a record shows no more.
 */
export function commandLine(path: string, args: readonly string[] = []): string {
  let line = part(path);
  for (const arg of args) {
    if (line.length > MAX_TARGET_LENGTH) return line;
    line += ` ${part(arg)}`;
  }
  return line;
}

function part(text: string): string {
  const start = text.slice(0, MAX_TARGET_LENGTH + 1);
  return BARE.test(start) ? start : `"${start.replaceAll('"', '""')}"`;
}

/** Reads a line as {@link commandLine} writes it; undefined for other text. */
export function readCommandLine(
  line: string,
): { readonly path: string; readonly args: readonly string[] } | undefined {
  const parts: string[] = [];
  const next = /(?:"((?:[^"]|"")*)"|([^\s"]+))(?: |$)/y;
  while (next.lastIndex < line.length) {
    const found = next.exec(line);
    if (found === null) return undefined;
    parts.push(found[2] ?? (found[1] ?? "").replaceAll('""', '"'));
  }
  const [path, ...args] = parts;
  return path === undefined || line.endsWith(" ") ? undefined : { path, args };
}
