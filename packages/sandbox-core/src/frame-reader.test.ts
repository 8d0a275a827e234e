import fc from "fast-check";
import { expect, test } from "vitest";

import { FrameError, FrameReader, type IncomingFrame } from "./frame-reader.ts";
import { encodeFrame, HEAD_BYTES } from "./frames.ts";

const MAX_BODY = 64;

const frames = fc.array(
  fc.record({
    kind: fc.integer({ min: 0, max: 255 }),
    id: fc.integer({ min: 0, max: 0xffffffff }),
    body: fc.uint8Array({ maxLength: MAX_BODY }),
  }),
  { maxLength: 8 },
);
/** Where a stream is cut, as fractions of its length. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function streamOf(given: readonly { kind: number; id: number; body: Uint8Array }[]): Buffer {
  return Buffer.concat(given.map(({ kind, id, body }) => encodeFrame(kind, id, body)));
}

function chunksOf(stream: Buffer, at: readonly number[]): Buffer[] {
  const positions = [
    0,
    ...at.map((fraction) => Math.floor(fraction * stream.length)).toSorted((a, b) => a - b),
    stream.length,
  ];
  return positions
    .slice(1)
    .map((end, index) => Buffer.from(stream.subarray(positions[index], end)));
}

/** Everything that is read until the stream ends or breaks, and how it broke. */
function readAll(chunks: readonly Buffer[]): { frames: IncomingFrame[]; broken: unknown } {
  const reader = new FrameReader(() => MAX_BODY);
  const read: IncomingFrame[] = [];
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next())
        read.push({ ...frame, body: Buffer.from(frame.body) });
    }
    return { frames: read, broken: undefined };
  } catch (error) {
    return { frames: read, broken: error };
  }
}

test("however a stream is cut into chunks, the same frames come out", () => {
  fc.assert(
    fc.property(frames, cuts, (given, at) => {
      const { frames: read, broken } = readAll(chunksOf(streamOf(given), at));
      expect(broken).toBeUndefined();
      expect(read).toEqual(
        given.map(({ kind, id, body }) => ({ kind, id, body: Buffer.from(body) })),
      );
    }),
  );
});

test("however it is cut, the frames before an oversized one come out, and then nothing but FrameError", () => {
  fc.assert(
    fc.property(
      frames,
      fc.integer({ min: MAX_BODY + 1, max: 0xffffffff }),
      frames,
      cuts,
      (before, length, after, at) => {
        const head = Buffer.alloc(HEAD_BYTES);
        head.writeUInt32LE(length, 0);
        const { frames: read, broken } = readAll(
          chunksOf(Buffer.concat([streamOf(before), head, streamOf(after)]), at),
        );
        expect(broken).toBeInstanceOf(FrameError);
        expect(read).toHaveLength(before.length);
      },
    ),
  );
});

test("any bytes are frames, an unfinished frame, or a FrameError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 512 }), cuts, (bytes, at) => {
      const { broken } = readAll(chunksOf(Buffer.from(bytes), at));
      expect(broken === undefined || broken instanceof FrameError).toBe(true);
    }),
  );
});

test("the length of the next frame is known from its head on, whole or not", () => {
  fc.assert(
    fc.property(frames, cuts, (given, at) => {
      const reader = new FrameReader(() => MAX_BODY);
      let read = 0;
      let came = 0;
      for (const chunk of chunksOf(streamOf(given), at)) {
        reader.push(chunk);
        came += chunk.length;
        do {
          const head = streamOf(given.slice(0, read)).length + HEAD_BYTES;
          expect(reader.nextBytes).toBe(came < head ? 0 : given[read]?.body.length);
        } while (reader.next() !== undefined && ++read > 0);
      }
    }),
  );
});

test("a broken reader stays broken", () => {
  const reader = new FrameReader(() => MAX_BODY);
  const oversized = Buffer.alloc(HEAD_BYTES, 0xff);
  reader.push(oversized);
  expect(() => reader.next()).toThrow(FrameError);
  reader.push(encodeFrame(1, 1, Buffer.alloc(0)));
  expect(() => reader.next()).toThrow(FrameError);
});

test("a reader that keeps what it holds reads the same from one buffer, which each chunk overwrites", () => {
  fc.assert(
    fc.property(frames, cuts, (given, at) => {
      const stream = streamOf(given);
      const buffer = Buffer.alloc(stream.length);
      const reader = new FrameReader(() => MAX_BODY);
      const read: IncomingFrame[] = [];
      for (const chunk of chunksOf(stream, at)) {
        buffer.fill(0xee);
        chunk.copy(buffer);
        reader.push(buffer.subarray(0, chunk.length));
        for (let frame = reader.next(); frame !== undefined; frame = reader.next())
          read.push({ ...frame, body: Buffer.from(frame.body) });
        reader.keep();
      }
      expect(read).toEqual(
        given.map(({ kind, id, body }) => ({ kind, id, body: Buffer.from(body) })),
      );
    }),
  );
});
