import type { Capability } from "@pyisolate/policy";

/** Something a guest asks for that the policy does not grant. */
export interface Attempt {
  readonly capability: Capability;
  /** An expression that a hostile plugin might hold. */
  readonly program: string;
}

/** One for each capability that a guest can ask for. */
export const ATTEMPTS: readonly Attempt[] = [
  { capability: "filesystem", program: `require("node:fs").readFileSync("/etc/shadow", "utf8")` },
  { capability: "network", program: `fetch("http://169.254.169.254/latest/meta-data/")` },
  {
    capability: "subprocess",
    program: `require("node:child_process").execFileSync("/bin/sh", ["-c", "id"])`,
  },
  { capability: "random", program: `crypto.randomUUID()` },
  { capability: "import", program: `require("node:net")` },
];
