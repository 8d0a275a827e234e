import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { ROOT } from "../tarballs.ts";
import type { Account } from "./account.ts";

/** What surrounds a program, as container engines name it. */
export interface Surrounding {
  /** The seccomp profile: the newest system call that it knows, and what it forbids beside the usual. */
  readonly profile?: { readonly newest: number; readonly forbids?: readonly number[] };
  /** `docker run`'s own capabilities, or none: `--cap-drop=ALL`. */
  readonly capabilities?: "usual" | "none";
  readonly noNewPrivs?: boolean;
  /** `--user 65534:65534`. */
  readonly unprivileged?: boolean;
  /** `--read-only`, without a `--tmpfs`. */
  readonly readOnly?: boolean;
  /** Lines of a shell that change the mounts; `$0` is where the repository is. */
  readonly mounts?: readonly string[];
  /** Rootless: root only in a user namespace of its own. */
  readonly rootless?: boolean;
}

/** What `docker run` leaves root with. */
const USUAL =
  "chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill audit_write";

const NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];
const IS_ROOT = process.getuid?.() === 0;

/** Namespaces of mounts and processes, with a `/proc` that shows what is in them. */
const UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"] as const;

/** Makes surroundings out of namespaces, mounts, capabilities and a filter: what a container consists of. */
export class Surroundings implements Disposable {
  readonly #folder: string;
  readonly #filter: string;
  readonly #at: string;

  /** @throws Error where there is no C compiler. */
  constructor() {
    this.#folder = mkdtempSync(path.join(tmpdir(), "pyisolate-surroundings-"));
    // Where anyone can reach it: a repository may lie in a home folder that others cannot enter.
    chmodSync(this.#folder, 0o755);
    this.#at = path.join(this.#folder, "repository");
    mkdirSync(this.#at);
    this.#filter = path.join(this.#folder, "container-filter");
    const source = path.join(import.meta.dirname, "container-filter.c");
    execFileSync(process.env["CC"] ?? "cc", ["-O1", "-o", this.#filter, source]);
  }

  /** Why none can be made here; null where they can. */
  static whyNot(): string | null {
    try {
      execFileSync(UNSHARE[0], [
        ...(IS_ROOT ? [] : ["--user", "--map-root-user"]),
        ...UNSHARE.slice(1),
        "true",
      ]);
      return null;
    } catch (error) {
      return `no namespaces can be made here (${String(error)})`;
    }
  }

  /** Starts cells in a surrounding. @throws Error with its last words where the program does not come to its end. */
  async account(surrounding: Surrounding): Promise<Account> {
    const [file, ...args] = this.command(surrounding, ["test/surroundings/inside.ts"]);
    const { stdout } = await promisify(execFile)(file, args, { timeout: 60_000 });
    return JSON.parse(stdout) as Account;
  }

  /** The command line that runs a program of Node's in a surrounding; files of the repository by their path in it. */
  command(surrounding: Surrounding, program: readonly string[]): [string, ...string[]] {
    const {
      profile,
      capabilities = "usual",
      noNewPrivs,
      unprivileged,
      readOnly,
      rootless,
    } = surrounding;
    const mounts = [
      `mount --bind "${ROOT}" "$0"`,
      ...(surrounding.mounts ?? []),
      ...(readOnly === true ? [`mount -o remount,bind,ro "$0"`, "mount -o remount,bind,ro /"] : []),
      `cd "$0"`,
      `exec "$@"`,
    ];
    const kept = capabilities === "usual" ? USUAL.split(" ").map((name) => `+${name}`) : [];
    const privileges = [
      "setpriv",
      "--inh-caps=-all",
      `--bounding-set=${["-all", ...kept].join(",")}`,
      ...(unprivileged === true && IS_ROOT ? NOBODY : []),
      ...(noNewPrivs === true ? ["--no-new-privs"] : []),
    ];
    const filter =
      profile === undefined
        ? []
        : [this.#filter, String(profile.newest), ...(profile.forbids ?? []).map(String), "--"];
    return [
      UNSHARE[0],
      ...(IS_ROOT ? [] : ["--user", "--map-root-user"]),
      ...UNSHARE.slice(1),
      "sh",
      "-ec",
      mounts.join("\n"),
      this.#at,
      ...(rootless === true && IS_ROOT
        ? ["setpriv", ...NOBODY, "unshare", "--user", "--map-root-user"]
        : []),
      ...filter,
      ...privileges,
      this.#inside(process.execPath),
      ...program,
    ] as [string, ...string[]];
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #inside(file: string): string {
    return file.startsWith(`${ROOT}/`) ? path.join(this.#at, path.relative(ROOT, file)) : file;
  }
}
