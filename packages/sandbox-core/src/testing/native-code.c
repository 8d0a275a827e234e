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
#include <sys/ioctl.h>
#include <sys/prctl.h>
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

// A descriptor that is sent along would be open in the host.
static long send_descriptor(void) {
  char byte = 0, room[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(head), &said, sizeof said);
  return syscall(SYS_sendmsg, 4, &message, 0);
}

static const struct { const char *name; long number, first; } FATAL[] = {
    {"ptrace", SYS_ptrace, 0}, {"unshare", SYS_unshare, 0}, {"setns", SYS_setns, 0}, {"mount", SYS_mount, 0},
    {"chroot", SYS_chroot, 0}, {"bpf", SYS_bpf, 0}, {"userfaultfd", SYS_userfaultfd, 0},
    {"perf_event_open", SYS_perf_event_open, 0}, {"keyctl", SYS_keyctl, 0}, {"setuid", SYS_setuid, 0},
    {"process_vm_readv", SYS_process_vm_readv, 0}, {"seccomp", SYS_seccomp, 0}, {"capset", SYS_capset, 0},
    {"clone of a namespace", SYS_clone, 0x10000000 | SIGCHLD}, {"personality", SYS_personality, 0x40000},
    {"pidfd_getfd", 438, 3}, {"open_by_handle_at", SYS_open_by_handle_at, AT_FDCWD}, {"fsopen", 430, 0},
    {"move_mount", 429, AT_FDCWD}, {"open_tree", 428, AT_FDCWD}, {"pivot_root", SYS_pivot_root, 0},
    {"setgroups", SYS_setgroups, 0}, {"prlimit of another", SYS_prlimit64, 1}, {"shmget", SYS_shmget, 1},
    {"kcmp", SYS_kcmp, 1}, {"process_vm_writev", SYS_process_vm_writev, 1},
};

__attribute__((constructor)) static void run(void) {
  const char *fatal = getenv("FATAL");
  if (fatal != NULL) {
    for (size_t at = 0; at < sizeof FATAL / sizeof *FATAL; at++)
      if (strcmp(FATAL[at].name, fatal) == 0) syscall(FATAL[at].number, FATAL[at].first, 0, 0, 0, 0, 0);
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
  snprintf(memory, sizeof memory, "/proc/%d/fd/0", getppid());
  tell("descriptor-of-host", open(memory, O_RDONLY));
  tell("own-memory", open("/proc/self/mem", O_RDWR));
  tell("own-descriptor-again", open("/proc/self/fd/0", O_RDWR));
  tell("working-directory-of-host", open("/proc/1/cwd/etc/passwd", O_RDONLY));

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
  tell("handle", syscall(SYS_name_to_handle_at, AT_FDCWD, "/etc", NULL, NULL, 0));
  long how[3] = {0};
  tell("openat2", syscall(437, AT_FDCWD, "/etc/passwd", how, sizeof how));
  tell("terminal-input", ioctl(0, 0x5412, "x"));
  tell("owner-of-descriptor", fcntl(3, 8, getppid()));
  tell("life-without-host", prctl(1, 0));
  tell("not-dumpable", prctl(4, 0));
  tell("memory-layout", prctl(35, 1, 0, 0, 0));
  tell("tracer", prctl(0x59616d61, -1));
  tell("datagram-pair", syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, how));
  tell("send-descriptor", send_descriptor());
  tell("memfd", syscall(SYS_memfd_create, "x", 0));
  close(said);
}
