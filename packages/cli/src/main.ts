#!/usr/bin/env node
// This file alone is read by an older Node too, which would otherwise end in a SyntaxError: nothing newer than Node 18 stands here.
const NEEDED = 24;
const { node } = process.versions;
if (Number(node.split(".")[0]) < NEEDED) {
  process.stderr.write(`pyisolate needs Node ${NEEDED} or newer; this is Node ${node}.\n`);
  process.exitCode = 2;
} else {
  const { main } = await import("./shell.ts");
  process.exitCode = await main(process.argv.slice(2));
}
