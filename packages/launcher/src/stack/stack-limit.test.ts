import { execFileSync } from "node:child_process";
import { arch } from "node:os";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

const addon = fileURLToPath(
  new URL(`../../../launcher-linux-${arch()}/bin/pyisolate-stack.node`, import.meta.url),
);

test("the addon gives the code that loads it twice V8's stack", () => {
  const program = `
    const frames = () => { let n = 0; const deeper = () => { n += 1; deeper(); }; try { deeper(); } catch {} return n; };
    frames();
    const before = frames();
    process.dlopen({ exports: {} }, ${JSON.stringify(addon)});
    console.log(JSON.stringify([before, frames()]));`;
  const [before = 0, after = 0] = JSON.parse(
    execFileSync(process.execPath, ["--eval", program], { encoding: "utf8", env: {} }),
  ) as number[];
  expect(before).toBeGreaterThan(5000);
  expect(after / before).toBeGreaterThan(1.9);
  expect(after / before).toBeLessThan(2.1);
});
