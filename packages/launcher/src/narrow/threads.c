#include "threads.h"

/**
 * A signal that no code can have blocked for long. glibc keeps it for setuid() and musl for pthread_cancel(): their functions for
 * signal masks leave it out, while Node blocks all other signals in some of its threads. Neither of the two is used in a cell.
 */
#define SIGNAL 33

#define SA_RESTORER 0x04000000ul
#define SA_RESTART 0x10000000ul
#define CLOCK_MONOTONIC 1
#define E_SRCH 3
#define E_TIMEDOUT 110

#define MOST_MS 2000
#define PAUSE_NS 20000

enum state { WAITING, TAKEN, RESTRICTED, GONE, FAILED, MISSED };

static struct {
  u32 id;
  u32 state;
  u32 error;
} slots[MAX_THREADS];
static u32 slot_count;
static int held_ruleset = -1;

/** The kernel's own structure for rt_sigaction, which is not the C library's. */
struct action {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)(void);
  u64 mask;
};

#if defined(__x86_64__)
__asm__(".hidden narrow_restorer\n.type narrow_restorer, @function\nnarrow_restorer: mov $15, %eax\n syscall\n ud2\n");
#else
__asm__(".hidden narrow_restorer\n.type narrow_restorer, %function\nnarrow_restorer: mov x8, #139\n svc #0\n brk #1\n");
#endif
extern void narrow_restorer(void) __attribute__((visibility("hidden")));

/** Each thread has a slot, which is taken once: a signal that comes twice, or too late, restricts nothing a second time. */
static void restrict_own(u32 id) {
  const u32 count = __atomic_load_n(&slot_count, __ATOMIC_ACQUIRE);
  for (u32 at = 0; at < count; at++) {
    u32 waiting = WAITING;
    if (slots[at].id != id || !__atomic_compare_exchange_n(&slots[at].state, &waiting, TAKEN, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      continue;
    const long error = call2(__NR_landlock_restrict_self, held_ruleset, 0);
    slots[at].error = (u32)-error;
    __atomic_store_n(&slots[at].state, error < 0 ? FAILED : RESTRICTED, __ATOMIC_RELEASE);
  }
}

static void on_signal(int signal) {
  (void)signal;
  restrict_own((u32)call0(__NR_gettid));
}

static u64 milliseconds(void) {
  long time[2] = {0, 0};
  call2(__NR_clock_gettime, CLOCK_MONOTONIC, time);
  return (u64)time[0] * 1000 + (u64)time[1] / 1000000;
}

static u32 state_of(u32 at) { return __atomic_load_n(&slots[at].state, __ATOMIC_ACQUIRE); }

/** Waits until a thread has answered. One that does not in time has its slot taken away, and does nothing when it does. */
static void wait_for(u32 at, u64 until) {
  static const long pause[2] = {0, PAUSE_NS};
  while (state_of(at) == WAITING || state_of(at) == TAKEN) {
    u32 waiting = WAITING;
    if (milliseconds() > until && __atomic_compare_exchange_n(&slots[at].state, &waiting, MISSED, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      slots[at].error = E_TIMEDOUT;
    else call2(__NR_nanosleep, pause, NULL);
  }
}

struct narrowing restrict_threads(int ruleset, const u32 *threads, u32 count) {
  // It stays for ever: a thread may get a signal late, and without a handler the process would end by it.
  const struct action action = {on_signal, SA_RESTART | SA_RESTORER, narrow_restorer, ~0ull};
  const long set = call4(__NR_rt_sigaction, SIGNAL, &action, NULL, sizeof action.mask);
  if (set < 0) return (struct narrowing){(u32)-set, 0};
  const u32 process = (u32)call0(__NR_getpid), own = (u32)call0(__NR_gettid);
  __atomic_store_n(&slot_count, 0, __ATOMIC_RELEASE);
  held_ruleset = ruleset;
  for (u32 at = 0; at < count; at++) {
    slots[at].id = threads[at];
    slots[at].error = 0;
    __atomic_store_n(&slots[at].state, WAITING, __ATOMIC_RELEASE);
  }
  __atomic_store_n(&slot_count, count, __ATOMIC_RELEASE);
  const u64 until = milliseconds() + MOST_MS;
  // Itself first: where this fails, as at the most layers, nothing has changed. And what it starts from here on inherits the layer.
  restrict_own(own);
  for (u32 at = 0; at < count && slots[at].id == own; at++)
    if (state_of(at) == FAILED) return (struct narrowing){slots[at].error, 0};
  for (u32 at = 0; at < count; at++) {
    if (slots[at].id == own) continue;
    const long sent = call3(__NR_tgkill, process, slots[at].id, SIGNAL);
    u32 waiting = WAITING;
    if (sent < 0 && __atomic_compare_exchange_n(&slots[at].state, &waiting, sent == -E_SRCH ? GONE : FAILED, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      slots[at].error = (u32)-sent;
  }
  struct narrowing result = {0, 0};
  for (u32 at = 0; at < count; at++) {
    wait_for(at, until);
    const u32 state = state_of(at);
    if (state == RESTRICTED) result.has_begun = 1;
    else if (state != GONE && result.error == 0) result.error = slots[at].error;
  }
  return result;
}
