// A host in a process of its own, for tests that end it: reads its program from the environment, says "ready" and what it is
// told to on standard output. Started with the built package.
import { Supervisor } from "@pyisolate/sandbox-core";

const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

const run = new Function("Supervisor", "say", `return (async () => { ${process.env["HOST_PROGRAM"] ?? ""} })()`) as (
  supervisor: typeof Supervisor,
  say: (what: object) => void,
) => Promise<void>;

await run(Supervisor, say);
