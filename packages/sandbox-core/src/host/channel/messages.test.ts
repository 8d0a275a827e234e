import { serialize } from "node:v8";

import { expect, test } from "vitest";

import { Messages } from "./messages.ts";

const MIB = 1024 * 1024;
const quiet = (): Messages =>
  new Messages(
    () => undefined,
    () => undefined,
  );

async function readAll(messages: Messages): Promise<unknown[]> {
  const read: unknown[] = [];
  for await (const message of messages.read()) read.push(message);
  return read;
}

test("a reader of many messages lets the loop go on", async () => {
  const messages = quiet();
  const rows = serialize(Array.from({ length: 2000 }, (_, id) => ({ id, name: `user ${id}` })));
  for (let count = 0; count < 400; count++) expect(messages.push(rows)).toBe(true);
  messages.end();
  let longest = 0;
  let last = performance.now();
  const tick = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  const begun = performance.now();
  const read = await readAll(messages);
  const took = performance.now() - begun;
  clearInterval(tick);
  expect(read).toHaveLength(400);
  // The whole of it takes many times as long as the loop may stand.
  expect(longest).toBeLessThan(Math.max(50, took / 3));
});

test("the readers of many cells together let the loop go on", async () => {
  const rows = serialize(
    Array.from({ length: 3000 }, (_, id) => ({
      id,
      name: `user ${id}`,
      tags: ["a"],
      score: id / 3,
    })),
  );
  const cells = Array.from({ length: 24 }, quiet);
  for (const cell of cells) {
    for (let count = 0; count < 10; count++) expect(cell.push(rows)).toBe(true);
    cell.end();
  }
  // By this thread's own time: what else the machine does is not the readers'.
  const spentMs = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let longest = 0;
  let last = spentMs();
  const tick = setInterval(() => {
    longest = Math.max(longest, spentMs() - last);
    last = spentMs();
  }, 1);
  const read = await Promise.all(cells.map(readAll));
  clearInterval(tick);
  expect(read.map(({ length }) => length)).toEqual(Array<number>(24).fill(10));
  expect(longest).toBeLessThan(50);
});

test("messages are refused where too many wait, or too much", () => {
  const many = quiet();
  let taken = 0;
  while (many.push(serialize(0))) taken += 1;
  expect(taken).toBe(10_000);
  many.end();
  const large = quiet();
  const megabyte = serialize(new Uint8Array(MIB));
  taken = 0;
  while (large.push(megabyte)) taken += 1;
  expect(taken).toBe(63);
  large.end();
});

test("what waits in all cells together is bounded, and a cell's end makes room", () => {
  const megabyte = serialize(new Uint8Array(MIB));
  const cells = Array.from({ length: 6 }, quiet);
  const taken = cells.map((cell) => {
    let count = 0;
    while (cell.push(megabyte)) count += 1;
    return count;
  });
  expect(taken.slice(0, 4)).toEqual([63, 63, 63, 63]);
  expect(taken.slice(4)).toEqual([3, 0]);
  cells[0]?.end();
  expect(cells[5]?.push(megabyte)).toBe(true);
  for (const cell of cells) cell.end();
});

test("a message that cannot be decoded is left out, and reported", async () => {
  const broken: unknown[] = [];
  const messages = new Messages(
    () => undefined,
    (error) => broken.push(error),
  );
  messages.push(serialize(1));
  messages.push(Buffer.from([255, 15, 92, 99, 1, 0]));
  messages.push(serialize(2));
  messages.end();
  expect(await readAll(messages)).toEqual([1, 2]);
  expect(broken).toHaveLength(1);
});

test("a message is kept apart from the bytes that it came in", async () => {
  const messages = quiet();
  const bytes = serialize("kept");
  messages.push(bytes);
  bytes.fill(0);
  messages.end();
  expect(await readAll(messages)).toEqual(["kept"]);
});
