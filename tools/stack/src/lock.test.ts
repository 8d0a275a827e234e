import { access, mkdir, mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withLock } from "./lock.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stack-lock-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("one process runs at a time, and a waiting one is told once", async () => {
  const lock = join(folder, "a");
  let inside = 0;
  let most = 0;
  let waited = 0;
  const one = () =>
    withLock(
      lock,
      async () => {
        most = Math.max(most, ++inside);
        await sleep(50);
        inside--;
      },
      { onWait: () => waited++ },
    );
  await Promise.all([one(), one(), one(), one()]);
  expect(most).toBe(1);
  expect(waited).toBe(3);
});

test("the lock is free again after a failure", async () => {
  const lock = join(folder, "b");
  await expect(withLock(lock, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(access(lock)).rejects.toThrow("ENOENT");
  expect(await withLock(lock, () => Promise.resolve(1))).toBe(1);
});

test("a dead holder's lock is broken, by one of those who wait", async () => {
  const lock = join(folder, "c");
  await mkdir(lock);
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(lock, longAgo, longAgo);
  let inside = 0;
  let most = 0;
  const one = () =>
    withLock(lock, async () => {
      most = Math.max(most, ++inside);
      await sleep(50);
      inside--;
    });
  await Promise.all([one(), one(), one()]);
  expect(most).toBe(1);
});
