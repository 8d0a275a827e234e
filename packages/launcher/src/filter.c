#include "filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "filter-rules.h"
#include "words.h"

#define SECCOMP_FILTER_OPERATION 1
#define SECCOMP_ACTION_AVAILABLE 2

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/** On x86-64 a second set of numbers, x32, begins here: without this line each call would have another name. */
#define X32_NUMBERS 0x40000000u

static const u32 VERDICTS[] = {
    [UNLISTED] = SECCOMP_RET_KILL_PROCESS, [ALLOW] = SECCOMP_RET_ALLOW,
    [REFUSE] = SECCOMP_RET_ERRNO | REFUSAL_ERRNO, [ABSENT] = SECCOMP_RET_ERRNO | E_NOSYS,
    [KILL] = SECCOMP_RET_KILL_PROCESS,
};

static struct sock_filter program[1024];
static u16 length;

static void emit(u16 code, u32 value, u32 jump_true, u32 jump_false) {
  if (length == sizeof program / sizeof *program || jump_true > 255 || jump_false > 255)
    fail(STEP_FAILED, "the filter has become too long", NULL, 0);
  program[length++] = (struct sock_filter){code, (u8)jump_true, (u8)jump_false, value};
}

static void load(u32 offset) { emit(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0); }
static void result(enum action action) { emit(BPF_RET | BPF_K, VERDICTS[action], 0, 0); }
/** The low half of an argument: all of it where the kernel takes an int. Both architectures are little-endian. */
static void argument(u32 index) { load(offsetof(struct seccomp_data, args) + 8 * index); }
static void argument_high(u32 index) { load(offsetof(struct seccomp_data, args) + 8 * index + 4); }

/** Begins what is said of one system call; `close_call` ends it. Between them the program always comes to a result. */
static u16 open_call(u32 number) {
  load(offsetof(struct seccomp_data, nr));
  emit(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 0);
  return (u16)(length - 1);
}

static void close_call(u16 start) {
  const u32 skip = (u32)(length - start - 1);
  if (skip > 255) fail(STEP_FAILED, "the filter has become too long", NULL, 0);
  program[start].jf = (u8)skip;
}

static void unless_one_of(u32 mask, const u32 *values, u32 count, enum action action) {
  if (mask != UINT32_MAX) emit(BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
  for (u32 at = 0; at < count; at++) emit(BPF_JMP | BPF_JEQ | BPF_K, values[at], count - at, 0);
  result(action);
}

static void where_any_bit(u32 bits, enum action action) {
  emit(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
  result(action);
}

static void unless_any_bit(u32 bits, enum action action) {
  emit(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
  result(action);
}

#define ONE_OF(mask, action, ...)                                           \
  do {                                                                      \
    static const u32 values[] = {__VA_ARGS__};                              \
    unless_one_of(mask, values, sizeof values / sizeof *values, action);    \
  } while (0)
#define ALL_BITS UINT32_MAX

/** A call that is allowed where one of its arguments is one of these. */
#define ALLOW_WHERE(number, index, ...)          \
  do {                                           \
    const u16 start = open_call(number);         \
    argument(index);                             \
    ONE_OF(ALL_BITS, REFUSE, __VA_ARGS__);       \
    result(ALLOW);                               \
    close_call(start);                           \
  } while (0)

/**
 * The options of one level that are known to be harmless: TCP Fast Open, protocol upgrades (ULP) and packet filters are options too.
 */
#define OPTIONS_OF(level, ...)                           \
  do {                                                   \
    argument(1);                                         \
    emit(BPF_JMP | BPF_JEQ | BPF_K, level, 0, 0);        \
    const u16 level_start = (u16)(length - 1);           \
    argument(2);                                         \
    ONE_OF(ALL_BITS, REFUSE, __VA_ARGS__);               \
    result(ALLOW);                                       \
    close_call(level_start);                             \
  } while (0)

/** TCP only: MPTCP (protocol 262), Fast Open and every other family pass by Landlock's ports. */
static void sockets(const struct plan *plan) {
  u16 start = open_call(__NR_socket);
  if (plan->all_ports || plan->port_count > 0) {
    argument(0);
    ONE_OF(ALL_BITS, REFUSE, 2 /* AF_INET */, 10 /* AF_INET6 */);
    argument(1);
    ONE_OF(~0x80800u /* SOCK_CLOEXEC, SOCK_NONBLOCK */, REFUSE, 1 /* SOCK_STREAM */);
    argument(2);
    ONE_OF(ALL_BITS, REFUSE, 0, 6 /* IPPROTO_TCP */);
    result(ALLOW);
  } else {
    result(REFUSE);
  }
  close_call(start);

  // The pipes of a command. A pair of datagram sockets could still be sent from to any other by its path.
  start = open_call(__NR_socketpair);
  if (plan->commands) {
    argument(0);
    ONE_OF(ALL_BITS, REFUSE, 1 /* AF_UNIX */);
    argument(1);
    ONE_OF(~0x80800u, REFUSE, 1 /* SOCK_STREAM */);
    result(ALLOW);
  } else {
    result(REFUSE);
  }
  close_call(start);

  static const struct { u32 number, flags; } SENDS[] = {{__NR_sendto, 3}, {__NR_sendmsg, 2}};
  for (u32 at = 0; at < 2; at++) {
    start = open_call(SENDS[at].number);
    argument(SENDS[at].flags);
    where_any_bit(0x20000000u /* MSG_FASTOPEN */, REFUSE);
    // A message may carry descriptors to the host. Node writes without one; commands may pass descriptors among themselves.
    result(SENDS[at].number == __NR_sendmsg && !plan->commands ? REFUSE : ALLOW);
    close_call(start);
  }

  start = open_call(__NR_setsockopt);
  // REUSEADDR, SNDBUF, RCVBUF, KEEPALIVE, LINGER, RCVTIMEO, SNDTIMEO.
  OPTIONS_OF(1 /* SOL_SOCKET */, 2, 7, 8, 9, 13, 20, 21);
  // NODELAY, KEEPIDLE, KEEPINTVL, KEEPCNT, QUICKACK, USER_TIMEOUT.
  OPTIONS_OF(6 /* IPPROTO_TCP */, 1, 4, 5, 6, 12, 18);
  OPTIONS_OF(0 /* IPPROTO_IP */, 1 /* TOS */);
  OPTIONS_OF(41 /* IPPROTO_IPV6 */, 26 /* V6ONLY */, 67 /* TCLASS */);
  result(REFUSE);
  close_call(start);
}

#define NAMESPACES 0x7e020000u
#define CLONE_THREAD 0x10000u
#define CLONE_PARENT 0x8000u

static void processes(const struct plan *plan, const struct exec_pointers *exec) {
  u16 start = open_call(__NR_clone);
  argument(0);
  // A child made with CLONE_PARENT would be the host's, which does not know of it.
  where_any_bit(NAMESPACES | (plan->commands ? CLONE_PARENT : 0), KILL);
  if (!plan->commands) unless_any_bit(CLONE_THREAD, REFUSE);
  result(ALLOW);
  close_call(start);

  start = open_call(__NR_execve);
  if (plan->commands) {
    result(ALLOW);
  } else {
    const u64 pointers[] = {exec->path, exec->arguments, exec->environment};
    for (u32 at = 0; at < 3; at++) {
      const u32 low = (u32)pointers[at];
      const u32 high = (u32)(pointers[at] >> 32);
      argument(at);
      unless_one_of(ALL_BITS, &low, 1, REFUSE);
      argument_high(at);
      unless_one_of(ALL_BITS, &high, 1, REFUSE);
    }
    result(ALLOW);
  }
  close_call(start);

  // Its own limits only. Those of the host's processes, which may be of the same user, are a system call away.
  start = open_call(__NR_prlimit64);
  argument(0);
  ONE_OF(ALL_BITS, KILL, 0);
  result(ALLOW);
  close_call(start);

  // abort(), raise(), and SIGKILL by which a cell that was cut off ends itself. Landlock keeps a signal from leaving, where its ABI is
  // 6 or newer; without commands nothing else is there.
  static const u32 SIGNALS[] = {__NR_kill, __NR_tgkill};
  for (u32 at = 0; at < 2; at++) {
    start = open_call(SIGNALS[at]);
    if (!plan->commands) {
      const u32 own = (u32)call0(__NR_getpid);
      argument(0);
      unless_one_of(ALL_BITS, &own, 1, REFUSE);
    }
    result(ALLOW);
    close_call(start);
  }
}

static void numbered(const struct plan *plan) {
  // One more Landlock layer, which can only take away. Its flags would keep refusals out of the kernel's audit.
  const u16 start = open_call(__NR_landlock_restrict_self);
  argument(1);
  ONE_OF(ALL_BITS, KILL, 0);
  result(ALLOW);
  close_call(start);
  // DUPFD, GETFD, SETFD, GETFL, SETFL, DUPFD_CLOEXEC; with commands also locks and the size of a pipe. A lease, an owner or a
  // notification would reach other processes.
  if (plan->commands) ALLOW_WHERE(__NR_fcntl, 1, 0, 1, 2, 3, 4, 1030, 5, 6, 7, 36, 37, 38, 1031, 1032);
  else ALLOW_WHERE(__NR_fcntl, 1, 0, 1, 2, 3, 4, 1030);
  // TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX. Others forge a terminal's input or set a file's attributes.
  ALLOW_WHERE(__NR_ioctl, 1, 0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451);
  // GET_DUMPABLE, SET_NAME, GET_NAME, GET_SECCOMP, CAPBSET_READ, GET_NO_NEW_PRIVS, SET_VMA; with commands also SET_DUMPABLE, by which
  // those that hold secrets guard them. Not SET_PDEATHSIG: a cell could take back that it ends with its host.
  if (plan->commands) ALLOW_WHERE(__NR_prctl, 0, 3, 4, 15, 16, 21, 23, 39, 0x53564d41);
  else ALLOW_WHERE(__NR_prctl, 0, 3, 15, 16, 21, 23, 39, 0x53564d41);
}

/** All other calls, by runs of equal verdicts: a few hundred instructions, which the kernel keeps as a table of its own. */
static void listed(const struct plan *plan) {
  static u8 actions[LAST_KNOWN + 1];
  for (u32 at = 0; at < sizeof RULES / sizeof *RULES; at++) {
    const struct rule *rule = &RULES[at];
    actions[rule->number] = plan->commands ? rule->with_commands : rule->without_commands;
  }
  load(offsetof(struct seccomp_data, nr));
  for (u32 at = 0; at <= LAST_KNOWN;) {
    const u32 verdict = VERDICTS[actions[at]];
    while (at <= LAST_KNOWN && VERDICTS[actions[at]] == verdict) at++;
    emit(BPF_JMP | BPF_JGE | BPF_K, at, 1, 0);
    emit(BPF_RET | BPF_K, verdict, 0, 0);
  }
  result(ABSENT);
}

long filter_available(void) {
  const u32 wanted = SECCOMP_RET_KILL_PROCESS;
  return call3(__NR_seccomp, SECCOMP_ACTION_AVAILABLE, 0, &wanted);
}

void install_filter(const struct plan *plan, const struct exec_pointers *exec) {
  load(offsetof(struct seccomp_data, arch));
  emit(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0);
  result(KILL);
  load(offsetof(struct seccomp_data, nr));
  emit(BPF_JMP | BPF_JGE | BPF_K, X32_NUMBERS, 0, 1);
  result(KILL);
  sockets(plan);
  processes(plan, exec);
  numbered(plan);
  listed(plan);
  const struct sock_fprog filter = {.len = length, .filter = program};
  const long error = call3(__NR_seccomp, SECCOMP_FILTER_OPERATION, 0, &filter);
  if (error < 0) fail(STEP_FAILED, "the kernel takes no seccomp filter", NULL, -error);
}
