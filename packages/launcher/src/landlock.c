#include "landlock.h"

#include <linux/stat.h>

#include "words.h"

// Of linux/landlock.h: the header of the machine that builds this may be older than the kernel that runs it.
#define CREATE_RULESET_VERSION 1u
#define CREATE_RULESET_ERRATA 2u
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2
#define NET_BIND_TCP 1u
#define NET_CONNECT_TCP 2u
#define SCOPE_ABSTRACT_UNIX_SOCKET 1u
#define SCOPE_SIGNAL 2u
#define LOG_SAME_EXEC_OFF 1u
#define LOG_NEW_EXEC_ON 2u

/** The rights of the file system by the ABI that brought them: 13 with the first, then REFER, TRUNCATE and IOCTL_DEV. */
#define FS_FIRST 0x1fffu
#define FS_REFER 0x2000u
#define FS_TRUNCATE 0x4000u
#define FS_IOCTL_DEV 0x8000u
/** EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE, IOCTL_DEV: what a rule on a file may say. All else is about a directory's entries. */
#define FS_OF_A_FILE 0xc007u

struct ruleset_attr {
  u64 handled_fs;
  u64 handled_net;
  u64 scoped;
};

struct path_beneath_attr {
  u64 allowed;
  int parent;
} __attribute__((packed));

struct net_port_attr {
  u64 allowed;
  u64 port;
};

// Of linux/openat2.h.
#define O_PATH_CLOEXEC 012000000u
#define NO_MAGICLINKS 2u
#define NO_SYMLINKS 4u
struct open_how {
  u64 flags;
  u64 mode;
  u64 resolve;
};

long landlock_abi(void) {
  return call3(__NR_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
}

long landlock_errata(void) {
  return call3(__NR_landlock_create_ruleset, NULL, 0, CREATE_RULESET_ERRATA);
}

static u64 handled_rights(u32 abi) {
  return FS_FIRST | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
         (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static void add_path(int ruleset, const struct path_rule *rule, u64 handled) {
  // A policy's paths are real paths. What a symlink on the way leads to is not what the policy names, and is not granted.
  const struct open_how how = {
      .flags = O_PATH_CLOEXEC,
      .resolve = rule->kind == OF_THE_POLICY ? NO_SYMLINKS | NO_MAGICLINKS : 0};
  const long fd = call4(__NR_openat2, FD_CWD, rule->path, &how, sizeof how);
  if (fd < 0) {
    const int is_missing = fd == -E_NOENT || fd == -E_NOTDIR || fd == -E_LOOP || fd == -E_ACCES;
    if (is_missing && rule->kind != NEEDED) return;
    fail(STEP_FAILED, "cannot open a path of the plan,", rule->path, -fd);
  }
  struct statx found;
  const long error = call5(__NR_statx, fd, "", 0x1000 /* AT_EMPTY_PATH */, STATX_TYPE, &found);
  if (error < 0) {
    call1(__NR_close, fd);
    fail(STEP_FAILED, "cannot look at a path of the plan,", rule->path, -error);
  }
  const int is_directory = (found.stx_mode & 0170000) == 0040000;
  const struct path_beneath_attr attr = {
      .allowed = rule->rights & handled & (is_directory ? ~0ull : FS_OF_A_FILE), .parent = (int)fd};
  const long added =
      attr.allowed == 0 ? 0 : call4(__NR_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attr, 0);
  call1(__NR_close, fd);
  if (added < 0) fail(STEP_FAILED, "Landlock takes no rule for", rule->path, -added);
}

/** The ruleset that `make_ruleset` is about to fill. */
static long unfinished = -1;

int make_ruleset(const struct plan *plan) {
  if (plan->abi == 0) return -1;
  const long abi = landlock_abi();
  if (abi < (long)plan->abi) {
    fail(KERNEL_LACKS, "Landlock is not to be had here as the host found it before", NULL,
         abi < 0 ? -abi : 0);
  }
  const struct ruleset_attr attr = {
      .handled_fs = handled_rights(plan->abi),
      .handled_net = plan->abi < 4 ? 0 : NET_BIND_TCP | (plan->all_ports ? 0 : NET_CONNECT_TCP),
      .scoped = plan->abi < 6 ? 0 : SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL,
  };
  // An older kernel takes the longer structure as long as what it does not know is zero.
  const long ruleset = call3(__NR_landlock_create_ruleset, &attr, sizeof attr, 0);
  if (ruleset < 0) fail(STEP_FAILED, "Landlock makes no ruleset", NULL, -ruleset);
  unfinished = ruleset;
  struct path_rule rule;
  for (char **argument = plan->first; argument < plan->end; argument++)
    if (read_path_rule(*argument, &rule)) add_path((int)ruleset, &rule, attr.handled_fs);
  for (u32 at = 0; plan->abi >= 4 && !plan->all_ports && at < plan->port_count; at++) {
    const struct net_port_attr port = {.allowed = NET_CONNECT_TCP, .port = plan->ports[at]};
    const long added = call4(__NR_landlock_add_rule, ruleset, RULE_NET_PORT, &port, 0);
    if (added < 0) fail(STEP_FAILED, "Landlock takes no rule for a port", NULL, -added);
  }
  unfinished = -1;
  return (int)ruleset;
}

void drop_unfinished_ruleset(void) {
  if (unfinished >= 0) call1(__NR_close, unfinished);
  unfinished = -1;
}

void restrict_self(const struct plan *plan, int ruleset) {
  if (ruleset < 0) return;
  // The kernel's audit must not tell of the launcher's own canaries. It tells what the program is refused after the exec.
  const u32 flags = plan->abi >= 7 ? LOG_SAME_EXEC_OFF | LOG_NEW_EXEC_ON : 0;
  const long error = call2(__NR_landlock_restrict_self, ruleset, flags);
  if (error < 0) fail(STEP_FAILED, "Landlock does not restrict this process", NULL, -error);
  call1(__NR_close, ruleset);
}
