import { beforeAll, expect, test } from "vitest";

import { chainedLines } from "../testing/chained-records.ts";
import { folderWith } from "../testing/folder.ts";
import { runCommand } from "../testing/run-command.ts";

let lines: readonly string[];
beforeAll(async () => {
  lines = await chainedLines(10);
});

/** Runs the command on files with these lines. */
async function verified(
  files: Readonly<Record<string, readonly string[]>>,
  ...options: readonly string[]
) {
  const texts = Object.entries(files).map(([name, lines]) => [name, `${lines.join("\n")}\n`]);
  using folder = folderWith(Object.fromEntries(texts) as Record<string, string>);
  return await runCommand(["verify", ...Object.keys(files), ...options], { cwd: folder.path });
}

test("records as they were made are fine, in one file or in two", async () => {
  expect(lines).toHaveLength(12);
  const fine = { code: 0, stdout: "fine: 12 chained records in 2 chains\n", stderr: "" };
  expect(await verified({ "denials.jsonl": lines })).toEqual(fine);
  expect(await verified({ "a.jsonl": lines.slice(0, 5), "b.jsonl": lines.slice(5) })).toEqual(fine);
});

test("the first break is told, by its line", async () => {
  const changed = lines.with(4, (lines[4] ?? "").replace("/etc/4", "/etc/5")).toSpliced(8, 1);
  const { code, stdout, stderr } = await verified({ "denials.jsonl": changed });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(stdout).toMatch(/^denials\.jsonl:5: altered: tenant-0, record 3 of chain [0-9a-f-]{36}: /);
  expect(stdout).toMatch(/\n2 found in 11 chained records in 2 chains\n$/);
});

test("what no file can show is told: records after the last, and denials in no chain", async () => {
  const unchained = (lines[0] ?? "").replaceAll("pyisolate.integrity.", "other.");
  const { code, stdout, stderr } = await verified({ "d.jsonl": [...lines.slice(0, 9), unchained] });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "fine: 9 chained records in 2 chains\n" });
  expect(stderr).toMatch(
    /^2 of the chains have no end .*\n1 records of denials are in no chain\n$/,
  );
});

test("--json has the same for programs", async () => {
  const { code, stdout } = await verified({ "d.jsonl": lines.toSpliced(4, 1) }, "--json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    records: 11,
    chains: 2,
    open: 0,
    unchained: 0,
    found: 1,
    findings: [
      { kind: "missing", file: "d.jsonl", line: 6, cell: "tenant-0", position: 3, records: 1 },
    ],
  });
});

test("a file without a chained record is not fine, and neither is one that is not there", async () => {
  const none = await verified({ "d.jsonl": ['{"resourceMetrics":[]}', ""] });
  expect(none).toMatchObject({ code: 1, stdout: expect.stringContaining("no record") as string });
  using folder = folderWith({});
  const gone = await runCommand(["verify", "nowhere.jsonl"], { cwd: folder.path });
  expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining("ENOENT") as string });
  expect((await runCommand(["verify"])).code).toBe(2);
});

test("a cell's name cannot move the cursor", async () => {
  const hostile = lines.with(4, (lines[4] ?? "").replaceAll("tenant-0", "\\u001b[2Jtenant"));
  const { code, stdout } = await verified({ "d.jsonl": hostile });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^[\n -~]*$/);
});
