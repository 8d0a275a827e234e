import fc from "fast-check";
import { expect, test } from "vitest";

import { FrameReader } from "./frame-reader.ts";
import { Frame, GRANTED, type WireVerdict } from "./frames.ts";
import { decodeVerdict, encodeVerdict } from "./verdict-frame.ts";

const verdicts: fc.Arbitrary<WireVerdict> = fc.oneof(
  fc.constant(GRANTED),
  fc.record(
    {
      ok: fc.constant(true as const),
      addresses: fc.array(fc.string({ unit: "binary" })),
      unresolved: fc.string(),
      module: fc.constant(null),
      unloadable: fc.string({ unit: "binary" }),
    },
    { requiredKeys: ["ok"] },
  ),
  fc.record(
    {
      ok: fc.constant(false as const),
      capability: fc.stringMatching(/^\w*$/u),
      reason: fc.stringMatching(/^\w*$/u),
      id: fc.stringMatching(/^[\w-]*$/u),
      says: fc.string({ unit: "grapheme" }),
    },
    { requiredKeys: ["ok", "capability", "reason", "id"] },
  ),
);

test("every verdict arrives as it was sent, under the number of its request", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 0xffff_ffff }), verdicts), { maxLength: 4 }),
      (sent) => {
        const reader = new FrameReader(() => 100_000);
        reader.push(Buffer.concat(sent.map(([id, verdict]) => encodeVerdict(id, verdict))));
        for (const [id, verdict] of sent) {
          const frame = reader.next();
          expect(frame).toMatchObject({ kind: Frame.verdict, id });
          expect(decodeVerdict(frame?.body ?? Buffer.of())).toEqual(verdict);
        }
        expect(reader.held).toBe(0);
      },
    ),
  );
});
