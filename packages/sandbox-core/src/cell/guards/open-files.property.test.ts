import fs, { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { policyOf } from "../../testing/cells.ts";
import { empty, type Grounds, grounds } from "../../testing/granted.ts";
import { kernelMode } from "../../testing/kernel-mode.ts";

// Whatever a program does with files that it opens, it sees, and leaves, what it would in Node.

const at = fc.nat(3);
const name = fc.constantFrom("a", "b");
const position = fc.oneof(fc.constant(null), fc.nat(12));
const flags = fc.oneof(
  fc.constantFrom("r", "r+", "w", "wx", "w+", "wx+", "a", "ax", "a+", "ax+"),
  fc
    .tuple(fc.constantFrom(0, 1, 2), fc.subarray([64, 128, 1024]))
    .map(([access, more]) => more.reduce((sum, flag) => sum | flag, access)),
  fc.constantFrom(1 | 512, 2 | 512, 2 | 512 | 64),
);
const text = fc.string({ unit: fc.constantFrom("x", "y", "é", "0"), maxLength: 6 });

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("open"), name, flags }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close"), at }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("read"), at, length: fc.nat(9), position }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("readv"),
      at,
      lengths: fc.array(fc.nat(4), { maxLength: 3 }),
      position,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write"), at, text, position }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("writev"),
      at,
      texts: fc.array(text, { maxLength: 3 }),
      position,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut"), at, length: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("size"), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sync"), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("readAll"), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("writeAll"), at, text }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("truncate"), name, length: fc.nat(12) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What both run: gives what each step came to. Steps on a file that is not open are left out: in Node the number may be another's. */
const PROGRAM = `const open = [null, null, null, null], seen = [];
  const shown = (bytes) => Buffer.from(bytes).toString("latin1");
  for (const step of steps) {
    const fd = open[step.at];
    if (step.at !== undefined && fd === null) continue;
    try {
      switch (step.do) {
        case "open": {
          const free = open.indexOf(null);
          if (free === -1) break;
          open[free] = fs.openSync(DIR + "/" + step.name, step.flags);
          seen.push("opened");
          break;
        }
        case "close": open[step.at] = null; seen.push(fs.closeSync(fd)); break;
        case "read": { const bytes = Buffer.alloc(9); seen.push([fs.readSync(fd, bytes, 0, step.length, step.position), shown(bytes)]); break; }
        case "readv": { const all = step.lengths.map((length) => Buffer.alloc(length)); seen.push([fs.readvSync(fd, all, step.position), all.map(shown)]); break; }
        case "write": seen.push(fs.writeSync(fd, step.text, step.position)); break;
        case "writev": seen.push(fs.writevSync(fd, step.texts.map((text) => Buffer.from(text)), step.position)); break;
        case "cut": seen.push(fs.ftruncateSync(fd, step.length)); break;
        case "size": seen.push(fs.fstatSync(fd).size); break;
        case "sync": seen.push(fs.fsyncSync(fd)); break;
        case "readAll": seen.push(fs.readFileSync(fd, "utf8")); break;
        case "writeAll": seen.push(fs.writeFileSync(fd, step.text)); break;
        case "truncate": seen.push(fs.truncateSync(DIR + "/" + step.name, step.length)); break;
      }
    } catch (error) { seen.push([error.code, error.syscall, error.message.replace(DIR, "")]); }
  }
  for (const fd of open) if (fd !== null) fs.closeSync(fd);`;

// oxlint-disable-next-line typescript/no-implied-eval -- the same text runs in Node and in a cell
const inNode = new Function("fs", "steps", "DIR", `${PROGRAM} return seen;`) as (
  given: typeof fs,
  steps: readonly Step[],
  folder: string,
) => unknown;

let place: Grounds;
let supervisor: Supervisor;
let cell: Sandbox;

beforeAll(async () => {
  place = grounds();
  supervisor = new Supervisor({ ...kernelMode, policy: policyOf([place.rule]), pool: 0 });
  cell = await supervisor.spawn("opener");
  await cell.exec(`const fs = require("node:fs"), DIR = ${JSON.stringify(place.granted)};
    globalThis.run = (steps) => { ${PROGRAM} return seen; }; 0`);
});

afterAll(async () => {
  await supervisor.close();
  place[Symbol.dispose]();
});

const left = (folder: string): object =>
  Object.fromEntries(
    readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "latin1")]),
  );

test("any sequence of uses gives and leaves what it does in Node", async () => {
  const node = join(place.outside, "node");
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25, size: "max" }),
      async (steps) => {
        empty(place.granted);
        rmSync(node, { recursive: true, force: true });
        mkdirSync(node);
        const expected = inNode(fs, steps, node);
        expect(await cell.call("run", steps)).toEqual(expected);
        expect(left(place.granted)).toEqual(left(node));
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);
