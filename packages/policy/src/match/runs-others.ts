import type { CommandScope } from "../policy.ts";

/**
 * Programs that run other programs, or code, that their arguments, their input or files choose: to grant one with any arguments
 * is to grant them all. By their file names, without a version at the end. No such list is whole.
 */
const RUNNERS: ReadonlySet<string> = new Set(
  [
    // shells
    "ash bash busybox csh dash elvish fish ksh mksh nu osh pwsh rbash sh tcsh toybox yash zsh",
    // interpreters, and what builds or installs with them
    "awk bun deno expect gawk groovy guile irb java jjs jshell julia ld-linux-x86-64.so ld.so lua luajit mawk nawk node nodejs ocaml perl",
    "php pypy python Rscript ruby scala tclsh wish ant bazel bundle cargo cmake composer gem go gradle gmake make meson mvn ninja",
    "npm npx pip pipx pnpm poetry rake uv uvx yarn",
    // programs that take a command as an argument
    "busctl chroot chrt choom dbus-launch dbus-run-session doas entr env fakeroot find flock firejail ionice bwrap capsh cpulimit",
    "logsave machinectl nice nohup nsenter numactl parallel pkexec prlimit run-parts runuser script setarch setpriv setsid sg ssh-agent",
    "start-stop-daemon stdbuf strace ltrace su sudo systemd-run taskset time timeout unbuffer unshare valgrind watch xargs xvfb-run gdb lldb perf",
    // programs with an option, a setting or a command of their own that runs others
    "apt apt-get aptitude at batch cpio crontab dpkg dnf ed emacs ex ftp git hg less lftp mail man more most mutt mysql nano nc ncat nmap nvim openssl",
    "pg psql rpm rsync rvim scp screen sed sftp socat sqlite3 ssh svn tar tcpdump tmux vi view vim vimdiff wget yum zip zsoelim",
    "docker podman kubectl ctr nerdctl systemctl",
  ].flatMap((line) => line.split(" ")),
);

/** A version at the end of a file's name: `python3.12`, `lua5.4`, `gcc-13`, `perl5.38.2`. */
const VERSION = /[-_]?[0-9]+(?:\.[0-9]+)*$/;

/** Why a command of an allow rule may run any other, in words for the policy's author; undefined if that is not known of it. */
export function runsOthers(scope: CommandScope): string | undefined {
  if (scope === "*")
    return "grants every command, and with shells and the like everything that this user may do; name the commands";
  const path = typeof scope === "string" ? scope : scope.path;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!RUNNERS.has(name) && !RUNNERS.has(name.replace(VERSION, ""))) return undefined;
  if (typeof scope === "string")
    return `${name} runs other programs, and any arguments are granted; say which: { path: ${path}, args: [...] }`;
  // The first arguments choose what such a program does: `git -c alias.x=!id x`, `env id`, `find / -exec id ;`.
  const [first] = scope.args;
  return first === "*" || first === "**"
    ? `${name} runs other programs, and its first argument may be any; begin "args" with what it shall do`
    : undefined;
}
