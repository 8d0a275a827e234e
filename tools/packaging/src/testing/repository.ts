import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A small repository of the same form as this one: a library, a launcher, a command, a build, a changelog. */
export interface Repository extends Disposable {
  readonly root: string;
  write(file: string, text: string): void;
  commit(): void;
  git(...args: string[]): void;
  /** A package's package.json. */
  manifest(name: string): unknown;
}

const LAUNCHER_FILES = ["pyisolate-launcher", "pyisolate-stack.node", "pyisolate-narrow.node"];
/** With a password, which must be nowhere but here. Git asks no origin in these tests. */
const ORIGIN = "ssh://git:s3cret@git.example.com:2222/team/sandbox.git";
const LICENSE = "The terms.\n";
const CHANGELOG = `# Changelog

## [0.3.0] - 2026-11-27

### Added

- All of it.
`;

/** What pnpm writes for a workspace that needs nothing from outside. */
const LOCKFILE = `lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

importers:

  .: {}

  packages/command:
    dependencies:
      '@pyisolate/library':
        specifier: workspace:*
        version: link:../library

  packages/internal: {}

  packages/launcher-linux-arm64: {}

  packages/library: {}
`;

export function createRepository(): Repository {
  const root = mkdtempSync(path.join(tmpdir(), "pyisolate-repository-"));
  const write = (file: string, text: string | Buffer): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  const git = (...args: string[]): void =>
    void execFileSync(
      "git",
      ["-c", "user.name=test", "-c", "user.email=test@example.com", ...args],
      {
        cwd: root,
        stdio: "pipe",
      },
    );
  const commit = (): void => {
    git("add", "--all");
    git("commit", "--quiet", "--message", "State");
  };
  write("LICENSE", LICENSE);
  write("CHANGELOG.md", CHANGELOG);
  write(".gitignore", "dist/\nnode_modules/\n");
  write("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
  write(
    "package.json",
    json({ name: "root", private: true, scripts: { build: "node build.mjs" } }),
  );
  write(
    "build.mjs",
    `import { mkdirSync, writeFileSync } from "node:fs";
for (const name of ["library", "command"]) {
  mkdirSync(\`packages/\${name}/dist\`, { recursive: true });
  writeFileSync(\`packages/\${name}/dist/main.js\`, "#!/usr/bin/env node\\n");
}\n`,
  );
  write("packages/library/package.json", manifest("library", { files: ["dist"] }));
  write(
    "packages/command/package.json",
    manifest("command", {
      files: ["dist"],
      bin: { command: "./dist/main.js" },
      dependencies: { "@pyisolate/library": "workspace:*" },
    }),
  );
  write(
    "packages/launcher-linux-arm64/package.json",
    manifest("launcher-linux-arm64", {
      files: ["bin"],
      publishConfig: {
        access: "public",
        cpu: ["arm64"],
        executableFiles: LAUNCHER_FILES.map((file) => `./bin/${file}`),
      },
    }),
  );
  for (const file of LAUNCHER_FILES) {
    write(`packages/launcher-linux-arm64/bin/${file}`, elf(183));
    chmodSync(path.join(root, `packages/launcher-linux-arm64/bin/${file}`), 0o755);
  }
  for (const name of ["library", "command", "launcher-linux-arm64"])
    write(`packages/${name}/README.md`, `# ${name}\n`);
  write("packages/internal/package.json", json({ name: "internal", private: true }));
  write("pnpm-lock.yaml", LOCKFILE);
  git("init", "--quiet", "--initial-branch=main");
  git("remote", "add", "origin", ORIGIN);
  commit();
  return {
    root,
    write,
    commit,
    git,
    manifest(name): unknown {
      return JSON.parse(readFileSync(path.join(root, "packages", name, "package.json"), "utf8"));
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** The first bytes of a program for a machine. */
export function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write("\u007FELF", "latin1");
  header.writeUInt16LE(machine, 18);
  return header;
}

function manifest(name: string, more: object): string {
  return json({
    name: `@pyisolate/${name}`,
    version: "0.3.0",
    license: "Apache-2.0",
    type: "module",
    publishConfig: { access: "public" },
    ...more,
  });
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
