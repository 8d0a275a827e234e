import { parsePolicy } from "@pyisolate/policy";
import { expect, test } from "vitest";

import type { Disk } from "./disk.ts";
import { kernelPlan } from "./plan.ts";
import { printKernelPlan } from "./print-plan.ts";

const disk: Disk = {
  kindOf: (path) => (path === "/srv/data" ? "directory" : "missing"),
  realPath: (path) => path,
  filesOf: (program) => ({ executed: [program], read: ["/lib/libc.so.6"] }),
};

test("a person reads rule by rule what the kernel holds, and then all that it lets through", () => {
  const policy = parsePolicy({
    version: 1,
    name: "plugins",
    rules: [
      {
        id: "data",
        effect: "allow",
        capability: "filesystem",
        operations: ["list"],
        paths: ["/srv/data/**"],
      },
      {
        id: "texts",
        effect: "allow",
        capability: "filesystem",
        operations: ["read"],
        paths: ["/srv/data/*.txt"],
      },
      {
        id: "dotenv",
        effect: "deny",
        capability: "filesystem",
        operations: ["read"],
        paths: ["**/.env"],
      },
      { id: "api", effect: "allow", capability: "network", hosts: ["api.example.com:443"] },
      {
        id: "git",
        effect: "allow",
        capability: "subprocess",
        commands: ["/usr/bin/git"],
        reads: ["/srv/data/**"],
      },
      { id: "rng", effect: "allow", capability: "random" },
    ],
  });
  expect(printKernelPlan(kernelPlan(policy, disk))).toMatchInlineSnapshot(`
    "Kernel plan of the policy plugins (1e6140937fe0ce4f)

      data    allow filesystem: exact
      texts   allow filesystem: wider
              - /srv/data/*.txt: Landlock knows no pattern, so all of /srv/data is granted
              - what the rule dotenv denies below /srv/data: Landlock takes nothing out of a tree
      dotenv  deny filesystem: broker only
              - it takes from what other rules grant; the kernel only grants
      api     allow network: wider
              - api.example.com: Landlock knows ports and no hosts, so TCP to any address at port 443 is granted
      git     allow subprocess: wider
              - the kernel sees no arguments; what a command needs to load can be read and, through the system's loader, run
              - commands set modes and times, so the cell can of every file that its user owns
              - reads /srv/data/**: native code in the cell can as well
              - what the rule dotenv denies below /srv/data: Landlock takes nothing out of a tree
      rng     allow random: broker only
              - the kernel gives random numbers to every process

    The kernel lets a cell reach at most:
      paths
        /dev/null  (write_file read_file)
        /lib/libc.so.6  (read_file)
        /srv/data  (read_file read_dir)
        /usr/bin/git  (execute read_file)
      TCP       443
      commands  /usr/bin/git
    and besides, to read and run itself, the files of Node and of the cell's own code.
    "
  `);
});

test("a policy without rules says that nothing is let through", () => {
  expect(
    printKernelPlan(kernelPlan(parsePolicy({ version: 1, name: "p", rules: [] }), disk)),
  ).toContain("  paths     none\n  TCP       no port\n  commands  none: no process can be made\n");
});
