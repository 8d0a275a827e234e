import { CellStartError } from "./errors.ts";

/** Most of a process' last words that a message repeats, UTF-16 code units. */
const MAX_WORDS = 1000;

/** Why a cell process did not come up, with what to do about it. */
export function startFailure(
  why: string,
  {
    code,
    lastWords = "",
    cause,
  }: { code?: string | undefined; lastWords?: string; cause?: unknown },
): CellStartError {
  const advice = adviceFor(code, lastWords);
  const words =
    lastWords.trim() === "" || advice !== "" ? "" : `\n${lastWords.trim().slice(-MAX_WORDS)}`;
  return new CellStartError(`A cell process ${why}${advice === "" ? "" : `: ${advice}`}${words}`, {
    cause,
  });
}

function adviceFor(code: string | undefined, lastWords: string): string {
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
