import { startService, type Load } from "./service.ts";

/** A program that denies a few hundred times, and on SIGTERM ends with its own account as its last words. */
const service = startService(JSON.parse(process.argv[2] ?? "{}") as Load);
const alive = setInterval(() => {}, 1000);
process.once("SIGTERM", () => {
  const began = performance.now();
  process.once("exit", () => {
    const took = performance.now() - began;
    const { denied, otel } = service;
    process.stdout.write(JSON.stringify({ denied, ...otel.delivery(), took }));
  });
  clearInterval(alive);
  void service.end();
});
service.deny(400);
process.stdout.write("denied\n");
