import { expect, test } from "vitest";

import { Semaphore } from "./semaphore.ts";

test("no more are at work than there are turns, and those who wait come in order", async () => {
  const turns = new Semaphore(3);
  const order: number[] = [];
  let atWork = 0;
  let most = 0;
  const work = async (name: number): Promise<void> => {
    await turns.take();
    order.push(name);
    atWork += 1;
    most = Math.max(most, atWork);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    atWork -= 1;
    turns.give();
  };
  const names = Array.from({ length: 20 }, (_, index) => index);
  await Promise.all(names.map(work));
  expect({ most, order }).toEqual({ most: 3, order: names });
  // All turns are there again.
  await Promise.all(names.map(work));
  expect(order).toEqual([...names, ...names]);
});
