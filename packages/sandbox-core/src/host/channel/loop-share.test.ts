import { connect, createServer } from "node:net";
import { once } from "node:events";

import { expect, test, vi } from "vitest";

import { loopShare, type Source } from "./loop-share.ts";

/** Each frame takes so long, milliseconds: a turn of 10 ms has time for three. */
const FRAME_MS = 4;

function flood({ isReader, frames }: { isReader: boolean; frames: number }) {
  let left = frames;
  let isEmpty = false;
  let sinceTimer = 0;
  let most = 0;
  const source: Source = {
    isReader,
    nextBytes: 100,
    takeOne: () => {
      isEmpty = left === 0;
      if (isEmpty) return false;
      left -= 1;
      sinceTimer += 1;
      most = Math.max(most, sinceTimer);
      const end = performance.now() + FRAME_MS;
      while (performance.now() < end);
      return true;
    },
  };
  const timer = setInterval(() => (sinceTimer = 0), 1);
  return {
    source,
    /** Resolves to the most frames that were taken between two timers of the host. */
    ended: async () => {
      await vi.waitFor(() => expect(isEmpty).toBe(true), { timeout: 30_000, interval: 1 });
      clearInterval(timer);
      return most;
    },
  };
}

test.each([false, true])(
  "a flood that begins while the loop reads its sockets keeps timers for one turn, not two (reader: %s)",
  async (isReader) => {
    const { source, ended } = flood({ isReader, frames: 60 });
    const server = createServer((socket) => socket.end("x")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const socket = connect(address.port, "127.0.0.1");
    socket.on("data", () => loopShare.offer(source));
    const most = await ended();
    expect(most).toBeLessThanOrEqual(3);
    server.close();
  },
);

test("a source that is offered waits while another waits, and both end", async () => {
  const first = flood({ isReader: true, frames: 20 });
  const second = flood({ isReader: false, frames: 20 });
  loopShare.enlist(first.source);
  expect(loopShare.offer(second.source)).toBe(false);
  expect(await first.ended()).toBeLessThanOrEqual(3);
  expect(await second.ended()).toBeLessThanOrEqual(3);
});

test("an idle host takes a frame at once", () => {
  let left = 1;
  expect(loopShare.offer({ isReader: false, nextBytes: 100, takeOne: () => left-- > 0 })).toBe(
    true,
  );
});

test("a long frame begins a turn, and one cell's short frames do not keep another's long ones waiting", async () => {
  const turns: string[][] = [[]];
  const timer = setInterval(() => turns.push([]), 1);
  const working = (name: string, nextBytes: number, frames: number): Source => {
    let left = frames;
    return {
      isReader: false,
      nextBytes,
      takeOne: () => {
        if (left === 0) return false;
        left -= 1;
        turns.at(-1)?.push(name);
        const end = performance.now() + FRAME_MS;
        while (performance.now() < end);
        return true;
      },
    };
  };
  loopShare.enlist(working("short", 4096, 60));
  loopShare.enlist(working("long", 4097, 5));
  await vi.waitFor(() => expect(turns.flat()).toHaveLength(65), { timeout: 30_000 });
  clearInterval(timer);
  expect(turns.filter((turn) => turn.includes("long") && turn[0] !== "long")).toEqual([]);
  expect(turns.flat().lastIndexOf("long")).toBeLessThan(40);
});
