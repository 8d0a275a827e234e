/** The beginning and the end of every request that the SDK's serializer makes. */
const BEGIN = Buffer.from('{"resourceLogs":[');
const END = Buffer.from("]}");
const COMMA = Buffer.from(",");
const NEWLINE = 0x0a;

/** The lines of a file. Text after the last newline is a line that was never finished, and is left out. */
export function linesOf(content: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = content.indexOf(NEWLINE); end >= 0; end = content.indexOf(NEWLINE, start)) {
    // After a power cut a file may have zeros in place of blocks that were never written, in front of a line that was.
    while (content[start] === 0) start += 1;
    if (end > start) lines.push(content.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** What follows the last newline, a line that was never finished; empty if a power cut has left only zeros. Undefined if there is none. */
export function unfinishedLineOf(content: Buffer): Buffer | undefined {
  let start = content.lastIndexOf(NEWLINE) + 1;
  if (start === content.length) return undefined;
  while (content[start] === 0) start += 1;
  return content.subarray(start);
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
    return count(JSON.parse(request.toString()) as Request);
  } catch {
    return undefined;
  }
}

/** A part of a request, which is a request itself. */
export interface RequestPart {
  readonly request: Buffer;
  readonly records: number;
}

/** Both halves of a request, in the order of its records; undefined if it has one record only, or is not a request. */
export function halvesOf(request: Buffer): readonly [RequestPart, RequestPart] | undefined {
  const whole = JSON.parse(request.toString()) as Request;
  const records = count(whole);
  if (records < 2) return undefined;
  const middle = Math.ceil(records / 2);
  return [
    { request: cut(whole, 0, middle), records: middle },
    { request: cut(whole, middle, records), records: records - middle },
  ];
}

/** The last records of a request, as a request. */
export function lastRecords(request: Buffer, records: number): Buffer {
  const whole = JSON.parse(request.toString()) as Request;
  const all = count(whole);
  return records >= all ? request : cut(whole, all - records, all);
}

/** The records from number `from` up to number `to`, with their resources and scopes. */
function cut({ resourceLogs }: Request, from: number, to: number): Buffer {
  let number = -1;
  const isWanted = () => {
    number += 1;
    return number >= from && number < to;
  };
  const parts = resourceLogs.map((resource) => ({
    ...resource,
    scopeLogs: resource.scopeLogs
      .map((scope) => ({ ...scope, logRecords: scope.logRecords.filter(isWanted) }))
      .filter(({ logRecords }) => logRecords.length > 0),
  }));
  const kept = parts.filter(({ scopeLogs }) => scopeLogs.length > 0);
  return Buffer.from(JSON.stringify({ resourceLogs: kept }));
}

function count({ resourceLogs }: Request): number {
  let records = 0;
  for (const { scopeLogs } of resourceLogs) {
    for (const { logRecords } of scopeLogs) records += logRecords.length;
  }
  return records;
}

/** The part of a request that is read. Anything else throws, and the text is not a request. */
interface Request {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly { readonly logRecords: readonly unknown[] }[];
  }[];
}
