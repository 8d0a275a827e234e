// The frame of a verdict that is no module. Both processes load this file.
import {
  encodeJson,
  Frame,
  GRANTED,
  HEAD_BYTES,
  type Refused,
  refusalText,
  type WireVerdict,
} from "./frames.ts";

const GRANTED_FRAME = encodeJson(Frame.verdict, 0, GRANTED);
const GRANTED_BODY = GRANTED_FRAME.subarray(HEAD_BYTES);

/**
 * The first byte of a refusal's body, before its text. The bodies of other verdicts are JSON, and begin with a brace. The guest's thread
 * waits for a verdict, so the most frequent ones are encoded and decoded without JSON.
 */
const REFUSAL = 0x72; // r

function encodeRefusal(id: number, refusal: Refused): Buffer {
  const text = refusalText(refusal);
  // At most 3 bytes a UTF-16 code unit: to count them first takes as long as to write them.
  const frame = Buffer.allocUnsafe(HEAD_BYTES + 1 + text.length * 3);
  const end = HEAD_BYTES + 1 + frame.write(text, HEAD_BYTES + 1);
  frame.writeUInt32LE(end - HEAD_BYTES, 0);
  frame.writeUInt8(Frame.verdict, 4);
  frame.writeUInt32LE(id, 5);
  frame.writeUInt8(REFUSAL, HEAD_BYTES);
  return frame.subarray(0, end);
}

export function encodeVerdict(id: number, verdict: WireVerdict): Buffer {
  if (!verdict.ok) return encodeRefusal(id, verdict);
  if (verdict !== GRANTED) return encodeJson(Frame.verdict, id, verdict);
  const frame = Buffer.from(GRANTED_FRAME);
  frame.writeUInt32LE(id, 5);
  return frame;
}

export function decodeVerdict(body: Buffer): WireVerdict {
  if (body[0] === REFUSAL) return refusalOf(body.toString("utf8", 1));
  return body.equals(GRANTED_BODY) ? GRANTED : (JSON.parse(body.toString("utf8")) as WireVerdict);
}

/** The refusal that a text of {@link refusalText} tells. */
function refusalOf(text: string): Refused {
  const first = text.indexOf(" ");
  const second = text.indexOf(" ", first + 1);
  const third = text.indexOf(" ", second + 1);
  return {
    ok: false,
    capability: text.slice(0, first),
    reason: text.slice(first + 1, second),
    id: third === -1 ? text.slice(second + 1) : text.slice(second + 1, third),
    ...(third === -1 ? {} : { says: text.slice(third + 1) }),
  };
}
