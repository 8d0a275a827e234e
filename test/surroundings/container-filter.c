// What the seccomp profile of a container engine does to a program. After Docker's default profile: what its manual says is forbidden
// gets EPERM, and runc gives ENOSYS for system calls that are newer than the profile. Docker's profile is a list of what is allowed, so
// it forbids some further calls, none of which a cell makes.
//
//   container-filter NEWEST [NUMBER...] -- program [argument...]
//
// NEWEST is the newest system call that the profile knows; the other numbers are forbidden as well.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAMESPACES                                                                                       \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define AF_VSOCK 40

static const int FORBIDDEN[] = {
    SYS_acct, SYS_add_key, SYS_bpf, SYS_clock_adjtime, SYS_clock_settime, SYS_delete_module, SYS_fanotify_init, SYS_finit_module,
    SYS_fsconfig, SYS_fsmount, SYS_fsopen, SYS_fspick, SYS_get_mempolicy, SYS_init_module, SYS_io_uring_enter,
    SYS_io_uring_register, SYS_io_uring_setup, SYS_ioperm, SYS_iopl, SYS_kcmp, SYS_kexec_file_load, SYS_kexec_load, SYS_keyctl,
    SYS_lookup_dcookie, SYS_mbind, SYS_mount, SYS_mount_setattr, SYS_move_mount, SYS_move_pages, SYS_nfsservctl,
    SYS_open_by_handle_at, SYS_open_tree, SYS_perf_event_open, SYS_pivot_root, SYS_quotactl, SYS_quotactl_fd, SYS_reboot,
    SYS_request_key, SYS_set_mempolicy, SYS_setns, SYS_settimeofday, SYS_swapoff, SYS_swapon, SYS_sysfs, SYS_syslog, SYS_umount2,
    SYS_unshare, SYS_uselib, SYS_userfaultfd, SYS_ustat, SYS_vhangup,
};

static struct sock_filter program[512];
static unsigned short length;

static void emit(unsigned short code, unsigned value, unsigned char jump_true, unsigned char jump_false) {
  program[length++] = (struct sock_filter){code, jump_true, jump_false, value};
}

static void answer(int number) { emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)number, 0, 0); }

static void forbid(int number) {
  emit(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
  answer(EPERM);
}

static void load_argument(unsigned index) {
  emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * index, 0, 0);
}

static void load_number(void) { emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0); }

int main(int count, char **arguments) {
  int at = 2;
  if (count < 4) return 2;
  emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
  emit(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
  answer(EPERM);
  load_number();
  emit(BPF_JMP | BPF_JGT | BPF_K, (unsigned)atoi(arguments[1]), 0, 1);
  answer(ENOSYS);
  for (size_t index = 0; index < sizeof FORBIDDEN / sizeof *FORBIDDEN; index++) forbid(FORBIDDEN[index]);
  for (; at < count && strcmp(arguments[at], "--") != 0; at++) forbid(atoi(arguments[at]));
  if (++at >= count) return 2;
  // Flags of clone3 lie in memory, where no filter sees them: programs fall back to clone.
  emit(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
  answer(ENOSYS);
  emit(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
  load_argument(0);
  emit(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1);
  answer(EPERM);
  load_number();
  emit(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 4);
  load_argument(0);
  emit(BPF_JMP | BPF_JEQ | BPF_K, AF_VSOCK, 0, 1);
  answer(EPERM);
  load_number();
  emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
  const struct sock_fprog filter = {length, program};
  // As an engine does: with the right to, and where it has none, after no_new_privs.
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0 &&
      (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)) {
    perror("the filter");
    return 2;
  }
  execvp(arguments[at], arguments + at);
  perror(arguments[at]);
  return 2;
}
