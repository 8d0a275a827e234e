#include "canaries.h"

#include <linux/capability.h>
#include <linux/prctl.h>

#include "filter-rules.h"
#include "words.h"

#define O_DIRECTORY_CLOEXEC (000200000 | 002000000)
#define O_NONBLOCK_CLOEXEC (00004000 | 002000000)
#if defined(__aarch64__)
#undef O_DIRECTORY_CLOEXEC
#define O_DIRECTORY_CLOEXEC (000040000 | 002000000)
#endif

#define READ_DIR 8u
#define SIG_CHLD 17

static void expect(const char *class, long expected, long seen) {
  if (seen == expected) return;
  say("pyisolate-launcher: what must be refused was not as it must be: ");
  say(class), say(": expected "), say_number(expected), say(", saw "), say_number(seen);
  end_line(2);
  leave(CANARY_FAILED);
}

static int grants_list_of_root(const struct plan *plan) {
  struct path_rule rule;
  for (char **argument = plan->first; argument < plan->end; argument++)
    if (read_path_rule(*argument, &rule) && is_equal(rule.path, "/") && (rule.rights & READ_DIR))
      return 1;
  return 0;
}

static void files(const struct plan *plan) {
  if (plan->abi == 0) return;
  // Every user may list it, so that a refusal is Landlock's.
  if (!grants_list_of_root(plan))
    expect("listing /", -E_ACCES, call4(__NR_openat, FD_CWD, "/", O_DIRECTORY_CLOEXEC, 0));
  if (plan->canary == NULL) return;
  // A file that ordinary permissions keep from us, or that is gone, says nothing about Landlock.
  expect("access to the canary file", 0, call3(__NR_faccessat, FD_CWD, plan->canary, 4 /* R_OK */));
  expect("opening the canary file", -E_ACCES,
         call4(__NR_openat, FD_CWD, plan->canary, O_NONBLOCK_CLOEXEC, 0));
}

static u16 refused_port(const struct plan *plan) {
  // The discard service's port: if a connection is made after all, it does no harm. Upwards from there for one that is not granted.
  for (u32 port = 9; port < 65536; port++) {
    u32 at = 0;
    while (at < plan->port_count && plan->ports[at] != port) at++;
    if (at == plan->port_count) return (u16)port;
  }
  return 0;
}

static long connect_to(u16 port) {
  struct {
    u16 family, port;
    u8 address[4], zero[8];
  } const loopback = {2, (u16)(port << 8 | port >> 8), {127, 0, 0, 1}, {0}};
  const long fd = call3(__NR_socket, 2, 1 | O_NONBLOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  const long error = call3(__NR_connect, fd, &loopback, sizeof loopback);
  call1(__NR_close, fd);
  return error;
}

static void sockets(const struct plan *plan) {
  const long refused = -REFUSAL_ERRNO;
  const int has_network = plan->all_ports || plan->port_count > 0;
  if (!has_network) expect("a TCP socket", refused, call3(__NR_socket, 2, 1, 0));
  else if (!plan->all_ports && plan->abi >= 4)
    expect("a TCP connection", -E_ACCES, connect_to(refused_port(plan)));
  expect("a UDP socket", refused, call3(__NR_socket, 2, 2, 0));
  expect("a Unix socket", refused, call3(__NR_socket, 1, 1, 0));
  expect("an MPTCP socket", refused, call3(__NR_socket, 2, 1, 262));
  expect("a netlink socket", refused, call3(__NR_socket, 16, 3, 0));
  // The filter decides before the kernel looks at the descriptor, which is not open.
  expect("TCP Fast Open by flag", refused, call6(__NR_sendto, -1, 0, 0, 0x20000000, 0, 0));
  expect("TCP Fast Open by option", refused, call5(__NR_setsockopt, -1, 6, 30, NULL, 0));
  expect("listening", refused, call2(__NR_listen, -1, 1));
}

static void processes(const struct plan *plan) {
  const long refused = -REFUSAL_ERRNO;
  if (plan->commands) {
    if (plan->abi >= 6 && plan->parent != 0)
      expect("a signal to the host", -E_PERM, call2(__NR_kill, plan->parent, 0));
    return;
  }
  const long child = call5(__NR_clone, SIG_CHLD, 0, 0, 0, 0);
  if (child == 0) leave(0);
  expect("a process", refused, child);
  expect("executing", refused, call3(__NR_execve, "", NULL, NULL));
  expect("a signal", refused, call2(__NR_kill, plan->parent, 0));
}

static void privileges(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct held[2] = {0};
  expect("reading capabilities", 0, call2(__NR_capget, &header, held));
  for (int half = 0; half < 2; half++)
    expect("capabilities", 0, (long)(held[half].effective | held[half].permitted | held[half].inheritable));
  expect("no_new_privs", 1, call5(__NR_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  expect("the seccomp mode", 2, call5(__NR_prctl, PR_GET_SECCOMP, 0, 0, 0, 0));
}

void try_canaries(const struct plan *plan) {
  privileges();
  files(plan);
  sockets(plan);
  processes(plan);
  expect("io_uring", -REFUSAL_ERRNO, call2(__NR_io_uring_setup, 0, NULL));
  expect("a file in memory", -REFUSAL_ERRNO, call2(__NR_memfd_create, "", 0));
}
