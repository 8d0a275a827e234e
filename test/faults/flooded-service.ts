import { setImmediate as turn } from "node:timers/promises";

import { startService, type Load } from "./service.ts";

/**
 * A program that denies without end and says, after each turn, how many of its denials are on disk: the parent knows then
 * what must survive the SIGKILL that it sends.
 */
const service = startService(JSON.parse(process.argv[2] ?? "{}") as Load);
for (;;) {
  service.deny(200);
  await turn();
  await turn();
  process.stdout.write(`${service.denied} ${service.otel.delivery().onDisk}\n`);
  await turn();
}
