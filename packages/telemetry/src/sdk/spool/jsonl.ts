/** The beginning and the end of every request that the SDK's serializer makes. */
const BEGIN = Buffer.from('{"resourceLogs":[');
const END = Buffer.from("]}");
const COMMA = Buffer.from(",");
const NEWLINE = 0x0a;

/** The lines of a file. What follows the last newline is a line that was never finished: it is left out. */
export function linesOf(content: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = content.indexOf(NEWLINE); end >= 0; end = content.indexOf(NEWLINE, start)) {
    if (end > start) lines.push(content.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** Joins several of the SDK's requests to one, without parsing them. */
export function mergedRequest(requests: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [BEGIN];
  for (const request of requests) {
    if (parts.length > 1) parts.push(COMMA);
    parts.push(request.subarray(BEGIN.length, request.length - END.length));
  }
  parts.push(END);
  return Buffer.concat(parts);
}

/** How many records a request in JSON has; undefined if {@link mergedRequest} could not join it. */
export function recordsIn(request: Buffer): number | undefined {
  if (!request.subarray(0, BEGIN.length).equals(BEGIN)) return undefined;
  if (!request.subarray(-END.length).equals(END)) return undefined;
  try {
    let count = 0;
    const { resourceLogs } = JSON.parse(request.toString()) as Request;
    for (const { scopeLogs } of resourceLogs) {
      for (const { logRecords } of scopeLogs) count += logRecords.length;
    }
    return count;
  } catch {
    return undefined;
  }
}

/** The part of a request that is read. Anything else throws, and the text is not a request. */
interface Request {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly { readonly logRecords: readonly unknown[] }[];
  }[];
}
