import { Supervisor } from "@pyisolate/sandbox-core";
import { expect, test } from "vitest";

import { policyOf } from "../testing/cells.ts";

const POLICY = policyOf([
  { id: "fs", effect: "allow", capability: "import", modules: ["node:fs"] },
]);

/** How long the sink takes, milliseconds: at least so long the guest has to wait. */
const WRITING = 200;

const GUEST = `
  const fs = require("node:fs");
  const start = Date.now();
  try { fs.readFileSync("/etc/shadow"); } catch {}
  Date.now() - start`;

test("a guest is answered only when a sink that records first has recorded", async () => {
  let recorded = 0;
  const denials = {
    recordsFirst: true,
    record: () => {
      recorded += 1;
      // The host is as busy as with a slow disk.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WRITING);
    },
  };
  await using supervisor = new Supervisor({ policy: POLICY, denials, kernel: "off", pool: 0 });
  await using cell = await supervisor.spawn("tenant-a");
  expect(await cell.exec(GUEST)).toBeGreaterThanOrEqual(WRITING - 1);
  expect(recorded).toBe(1);
});

test("a sink that throws when it is asked, or when it records, changes no answer", async () => {
  const denials = {
    get recordsFirst(): boolean {
      throw new Error("no");
    },
    record: () => {
      throw new Error("no");
    },
  };
  await using supervisor = new Supervisor({ policy: POLICY, denials, kernel: "off", pool: 0 });
  await using cell = await supervisor.spawn("tenant-a");
  expect(await cell.exec(GUEST)).toBeGreaterThanOrEqual(0);
  expect(cell.stats.denials).toBe(1);
});

test("a sink that records first and throws leaves no guest waiting", async () => {
  const denials = {
    recordsFirst: true,
    record: () => {
      throw new Error("no");
    },
  };
  await using supervisor = new Supervisor({ policy: POLICY, denials, kernel: "off", pool: 0 });
  await using cell = await supervisor.spawn("tenant-a");
  expect(await cell.exec(GUEST)).toBeGreaterThanOrEqual(0);
});
