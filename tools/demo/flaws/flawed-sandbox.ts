import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

type Package = typeof import("@pyisolate/sandbox-core");

/** A copy of `@pyisolate/sandbox-core` with two faults; its kernel layer is the package's own. */
export interface FlawedSandbox extends Disposable {
  /**
   * Its broker forgets the scope of a rule: a read that some rule grants on one path is granted on every path. On `SIGUSR2` a
   * cell makes a system call that no code of ours makes, as native code would that has got out of the isolate.
   */
  readonly Supervisor: Package["Supervisor"];
}

const FORGETFUL = `const decide = (policy, request) => {
  const verdict = soundDecide(policy, request);
  return verdict.effect === "deny" && verdict.reason === "outside_scope"
    ? { effect: "allow", rule: verdict.nearestRule.id }
    : verdict;
};
`;

const ESCAPING = `process.on("SIGUSR2", () => process.setuid(1));\n`;

/** Makes the copy in a temporary folder, which disposal removes; cells that live by then go on. */
export async function flawedSandbox(): Promise<FlawedSandbox> {
  const built = path.dirname(fileURLToPath(import.meta.resolve("@pyisolate/sandbox-core")));
  const folder = mkdtempSync(path.join(tmpdir(), "pyisolate-flawed-"));
  cpSync(built, path.join(folder, "dist"), { recursive: true });
  cpSync(path.join(built, "../package.json"), path.join(folder, "package.json"));
  // Its source maps lead to the sources.
  for (const name of ["node_modules", "src"])
    symlinkSync(path.join(built, "..", name), path.join(folder, name));
  edit(path.join(folder, "dist/host/broker.js"), (source) => {
    const cut = source.replace(/(import \{[^}]*?)\bdecide,/, "$1decide as soundDecide,");
    if (cut === source) throw new Error("the broker imports `decide` in other words now");
    return `${cut}\n${FORGETFUL}`;
  });
  edit(path.join(folder, "dist/bundle/main.cjs"), (source) => ESCAPING + source);
  const { Supervisor } = (await import(
    pathToFileURL(path.join(folder, "dist/index.js")).href
  )) as Package;
  return {
    Supervisor,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function edit(file: string, change: (source: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}
