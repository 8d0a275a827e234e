import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, expect, test } from "vitest";

import { chainedLines } from "../testing/chained-records.ts";
import { folderWith } from "../testing/folder.ts";
import { checkFiles } from "./check-files.ts";

let lines: readonly string[];
beforeAll(async () => {
  lines = await chainedLines(10);
});

async function checked(content: string | Buffer, resent = false) {
  using folder = folderWith({});
  const file = join(folder.path, "denials.jsonl");
  writeFileSync(file, content);
  return await checkFiles([file], { resent, signal: new AbortController().signal });
}

test.each([
  ["altered", (all) => all.with(4, (all[4] ?? "").replace("/etc/4", "/etc/5")), 5],
  ["missing", (all) => all.toSpliced(4, 1), 6],
  ["reordered", (all) => all.with(4, all[6] ?? "").with(6, all[4] ?? ""), 7],
  ["repeated", (all) => all.toSpliced(9, 0, all[4] ?? ""), 10],
  ["unreadable", (all) => all.toSpliced(0, 0, "not JSON"), 1],
  ["unreadable", (all) => all.toSpliced(0, 0, '{"resourceLogs":5}'), 1],
  ["unreadable", (all) => all.toSpliced(2, 0, '{"resourceLogs":[null]}'), 3],
] satisfies [string, (all: readonly string[]) => readonly string[], number][])(
  "%s is told from the others, by its line",
  async (kind, change, line) => {
    const { found, findings } = await checked(change(lines).join("\n"));
    expect(found).toBe(1);
    expect(findings).toMatchObject([{ kind, place: { line } }]);
  },
);

test("what sending again explains can be accepted, and nothing else", async () => {
  const resent = lines.with(4, lines[6] ?? "").with(6, lines[4] ?? "");
  const twice = [...resent, ...lines.slice(2, 8)];
  expect(await checked(twice.join("\n"))).toMatchObject({ found: 7 });
  expect(await checked(twice.join("\n"), true)).toMatchObject({ found: 0 });
  const altered = twice.with(2, (twice[2] ?? "").replace("/etc/2", "/etc/3"));
  // Its other copy, which is whole, has the same position.
  expect(await checked(altered.join("\n"), true)).toMatchObject({
    findings: [{ kind: "altered" }],
  });
});

test("the letters of a spool are read as well", async () => {
  const letters = lines.map(
    (line) => `{"time":"t","answer":"no","records":1,"rejected":1,"request":${line}}`,
  );
  expect(await checked(letters.join("\n"))).toMatchObject({ records: 12, found: 0 });
});

test("a file that ends in the middle of a record says so", async () => {
  const content = Buffer.from(lines.join("\n"));
  const { findings } = await checked(content.subarray(0, content.length - 20));
  expect(findings.at(-1)).toMatchObject({ kind: "unreadable", place: { line: 12 } });
});

test("any bit of a file that flips is found", async () => {
  // Every 397th bit, so that it takes no minute.
  const content = Buffer.from(lines.slice(0, 3).join("\n"));
  const step = Number(process.env["PYISOLATE_BITS"] ?? 397);
  const unseen: string[] = [];
  for (let bit = 0; bit < content.length * 8; bit += step) {
    const flipped = Buffer.from(content);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    const { found, records } = await checked(flipped);
    if (found === 0 && records === 3) {
      unseen.push(content.subarray((bit >> 3) - 30, (bit >> 3) + 10).toString());
    }
  }
  // Of what is in no record: the resource that it came from, and the scope.
  const elsewhere = unseen.filter((around) => around.includes('"timeUnixNano"'));
  expect(elsewhere).toEqual([]);
});
