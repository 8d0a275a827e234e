import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Supervisor } from "@pyisolate/sandbox-core";
import { expect, test } from "vitest";

import { policyOf } from "../testing/cells.ts";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const bundle = join(dist, "bundle");

/** Whether V8, with the flags that it has by itself, rejects the compiled form beside a bundle; "undefined" if there is none. */
function isRejected(main: string): string {
  const program = `import { mainScript } from ${JSON.stringify(join(dist, "cell/main-script.js"))};
    process.stdout.write(String(mainScript(${JSON.stringify(main)}).script.cachedDataRejected));`;
  return execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    env: {},
  });
}

test("V8 takes the compiled form of the cell's code that the build has made", () => {
  expect(isRejected(join(bundle, "main.cjs"))).toBe("false");
});

test("where V8 does not take it, or it is missing, the text is compiled", () => {
  const folder = mkdtempSync(join(tmpdir(), "pyisolate-boot-"));
  try {
    const main = join(folder, "main.cjs");
    copyFileSync(join(bundle, "main.cjs"), main);
    expect(isRejected(main)).toBe("undefined");
    writeFileSync(join(folder, "main.cache"), "made by another Node");
    expect(isRejected(main)).toBe("true");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
test("a signal that would open Node's debugger opens none in a cell", async () => {
  await using supervisor = new Supervisor({ policy: policyOf([]), pool: 0 });
  const cell = await supervisor.spawn("signalled");
  process.kill(cell.pid, "SIGUSR1");
  expect(await cell.exec("1 + 1")).toBe(2);
});
