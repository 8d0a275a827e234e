#!/usr/bin/env node
// Use no syntax newer than Node 18 in this file: an older Node reads it too, and would end with a SyntaxError instead of the
// message.
const NEEDED = 24;
const { node } = process.versions;
if (Number(node.split(".")[0]) < NEEDED) {
  process.stderr.write(`pyisolate needs Node ${NEEDED} or newer; this is Node ${node}.\n`);
  process.exitCode = 2;
} else {
  const { main } = await import("./run-cli.ts");
  process.exitCode = await main(process.argv.slice(2));
}
