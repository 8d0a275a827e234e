// What native code does that a guest has got to run in its cell: raw system calls, as soon as the library is loaded.
// SAID names the file that it writes outcomes to, a line each: a name, and the result or the negative errno.
// OTHER is a folder that the plan does not grant, GRANTED one that it does. FATAL names one call that is made alone.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int said;

static void tell(const char *name, long result) {
  dprintf(said, "%s %ld\n", name, result < 0 ? -(long)errno : 0L);
}

static const char *in(const char *variable, const char *name) {
  static char paths[4][4096];
  static int next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", getenv(variable), name);
  return path;
}

static const struct { const char *name; long number; } FATAL[] = {
    {"ptrace", SYS_ptrace}, {"unshare", SYS_unshare}, {"setns", SYS_setns}, {"mount", SYS_mount},
    {"chroot", SYS_chroot}, {"bpf", SYS_bpf}, {"userfaultfd", SYS_userfaultfd},
    {"perf_event_open", SYS_perf_event_open}, {"keyctl", SYS_keyctl}, {"setuid", SYS_setuid},
    {"process_vm_readv", SYS_process_vm_readv}, {"seccomp", SYS_seccomp}, {"capset", SYS_capset},
};

__attribute__((constructor)) static void run(void) {
  const char *fatal = getenv("FATAL");
  if (fatal != NULL) {
    for (size_t at = 0; at < sizeof FATAL / sizeof *FATAL; at++)
      if (strcmp(FATAL[at].name, fatal) == 0) syscall(FATAL[at].number, 0, 0, 0, 0, 0, 0);
    return;
  }
  said = open(in("GRANTED", "said"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

  tell("granted-read", open(in("GRANTED", "file"), O_RDONLY));
  tell("granted-make", mkdir(in("GRANTED", "made"), 0700));

  tell("read", open(in("OTHER", "file"), O_RDONLY));
  tell("write", open(in("OTHER", "file"), O_WRONLY | O_TRUNC));
  tell("list", open(getenv("OTHER"), O_RDONLY | O_DIRECTORY));
  tell("create", open(in("OTHER", "made"), O_WRONLY | O_CREAT, 0600));
  tell("mkdir", mkdir(in("OTHER", "made"), 0700));
  tell("unlink", unlink(in("OTHER", "file")));
  tell("rename-out", rename(in("GRANTED", "file"), in("OTHER", "made")));
  tell("rename-in", rename(in("OTHER", "file"), in("GRANTED", "stolen")));
  tell("link", link(in("OTHER", "file"), in("GRANTED", "stolen")));
  tell("truncate", truncate(in("OTHER", "file"), 0));
  tell("chmod", chmod(in("OTHER", "file"), 0777));
  char memory[64];
  snprintf(memory, sizeof memory, "/proc/%d/mem", getppid());
  tell("memory-of-host", open(memory, O_RDONLY));
  snprintf(memory, sizeof memory, "/proc/%d/environ", getppid());
  tell("environment-of-host", open(memory, O_RDONLY));

  tell("tcp", socket(AF_INET, SOCK_STREAM, 0));
  tell("mptcp", socket(AF_INET, SOCK_STREAM, 262));
  tell("udp", socket(AF_INET, SOCK_DGRAM, 0));
  tell("raw", socket(AF_INET, SOCK_RAW, 1));
  tell("unix", socket(AF_UNIX, SOCK_STREAM, 0));
  tell("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
  tell("packet", socket(AF_PACKET, SOCK_RAW, 0));
  tell("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
  tell("alg", socket(AF_ALG, SOCK_SEQPACKET, 0));

  char *const arguments[] = {"/bin/true", NULL};
  tell("execve", execve("/bin/true", arguments, NULL));
  tell("execveat", syscall(SYS_execveat, AT_FDCWD, "/bin/true", arguments, NULL, 0));
  tell("clone", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  tell("clone3", syscall(SYS_clone3, NULL, 0));
  tell("signal-host", kill(getppid(), 0));
  tell("signal-all", kill(-1, 0));
  tell("pidfd", syscall(SYS_pidfd_open, getppid(), 0));
  tell("io_uring", syscall(SYS_io_uring_setup, 1, NULL));
  tell("memfd", syscall(SYS_memfd_create, "x", 0));
  close(said);
}
