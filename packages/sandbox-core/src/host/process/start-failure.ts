import { CellStartError } from "../cell-errors.ts";

/** How much of a process's last output a message repeats, UTF-16 code units. */
const MAX_WORDS = 1000;

/** The error for a cell process that did not start, with what to do about it. */
export function startFailure(
  why: string,
  {
    code,
    lastWords = "",
    exit,
    cause,
  }: {
    code?: string | undefined;
    lastWords?: string;
    exit?: number | null;
    cause?: unknown;
  },
): CellStartError {
  const advice = adviceFor(code, lastWords, exit ?? 0);
  const words =
    lastWords.trim() === "" || (advice !== "" && !isOfLauncher(exit))
      ? ""
      : `\n${lastWords.trim().slice(-MAX_WORDS)}`;
  return new CellStartError(`A cell process ${why}${advice === "" ? "" : `: ${advice}`}${words}`, {
    cause,
  });
}

/** The exit codes of the launcher itself, from `packages/launcher/src/words.h`. */
const [PLAN_UNREADABLE, KERNEL_LACKS, STEP_FAILED, CANARY_FAILED, EXEC_FAILED] = [
  120, 121, 122, 123, 124,
];

function isOfLauncher(exit: number | null | undefined): boolean {
  return exit !== null && exit !== undefined && exit >= PLAN_UNREADABLE && exit <= EXEC_FAILED;
}

function adviceFor(code: string | undefined, lastWords: string, exit: number): string {
  switch (lastWords.startsWith("pyisolate-launcher:") ? exit : 0) {
    case PLAN_UNREADABLE:
      return "the launcher and @pyisolate/sandbox-core are of different versions; install both in one";
    case KERNEL_LACKS:
    case STEP_FAILED:
      return /cannot open/.test(lastWords)
        ? `a file that every cell needs is gone (Node is ${process.execPath}); restart the host if Node or this package was replaced while it ran`
        : 'this host can no longer confine cells as it could; kernel: "off" runs them without';
    case CANARY_FAILED:
      return "this kernel takes the rules of the confinement and does not keep them; no cell is started";
    case EXEC_FAILED:
      return `${/E[A-Z0-9]+(?=\))/.exec(lastWords)?.[0] ?? "exec failed"}: Node cannot be started at ${process.execPath}; restart the host if Node was replaced while it ran`;
    default:
  }
  if (/isolated-vm|isolated_vm|ERR_DLOPEN_FAILED|NODE_MODULE_VERSION/.test(lastWords)) {
    return `isolated-vm is not built for this Node (${process.version}); allow its install script and rebuild it (pnpm approve-builds, pnpm rebuild isolated-vm)`;
  }
  if (/^ERR_MODULE_NOT_FOUND|Cannot find module/m.test(lastWords))
    return "its code is gone from the disk; install @pyisolate/sandbox-core again and restart the host";
  switch (code) {
    case "EMFILE":
    case "ENFILE":
      return "the host has no file descriptors left; raise the limit (ulimit -n), or close cells";
    case "EAGAIN":
    case "ENOMEM":
      return "the host may start no more processes; raise the limit (ulimit -u, pids.max, memory), or close cells";
    case "ENOENT":
    case "EACCES":
      return `Node cannot be started at ${process.execPath}; restart the host if Node was replaced while it ran`;
    case undefined:
    default:
      return "";
  }
}
