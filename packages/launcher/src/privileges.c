#include "privileges.h"

#include <linux/capability.h>
#include <linux/prctl.h>

#include "words.h"

#define SIG_KILL 9

void close_descriptors(const struct plan *plan) {
  const long error = call3(__NR_close_range, plan->descriptors, UINT32_MAX, 0);
  if (error < 0) fail(STEP_FAILED, "cannot close inherited descriptors", NULL, -error);
}

static void set_limits(const struct plan *plan) {
  for (u32 at = 0; at < plan->limit_count; at++) {
    const u64 both[2] = {plan->limits[at].value, plan->limits[at].value};
    u64 now[2];
    long error = call4(__NR_prlimit64, 0, plan->limits[at].resource, NULL, now);
    // Where the host's own limit is lower, it stays.
    if (error == 0 && now[1] > both[1])
      error = call4(__NR_prlimit64, 0, plan->limits[at].resource, both, NULL);
    if (error < 0) fail(STEP_FAILED, "cannot set a resource limit", NULL, -error);
  }
}

/** Without CAP_SETPCAP the set stays; it means nothing then, since no_new_privs keeps an exec from giving any capability. */
static void empty_bounding_set(void) {
  for (u32 capability = 0; capability < 64; capability++) {
    const long has = call2(__NR_prctl, PR_CAPBSET_READ, capability);
    if (has < 0) return;
    if (has == 1 && call2(__NR_prctl, PR_CAPBSET_DROP, capability) < 0) return;
  }
}

static void become(u32 uid, u32 gid) {
  long error = call2(__NR_setgroups, 0, NULL);
  if (error == 0) error = call3(__NR_setresgid, gid, gid, gid);
  if (error == 0) error = call3(__NR_setresuid, uid, uid, uid);
  if (error < 0)
    fail(STEP_FAILED, "cannot become the user of the plan; only a privileged host can", NULL, -error);
}

static void drop_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const struct __user_cap_data_struct none[2] = {0};
  // A kernel older than 4.3 has no ambient set, and refuses the call.
  call5(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  const long error = call2(__NR_capset, &header, none);
  if (error < 0) fail(STEP_FAILED, "cannot give up capabilities", NULL, -error);
}

void drop_privileges(const struct plan *plan) {
  const long error = call5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (error < 0) fail(STEP_FAILED, "cannot set no_new_privs", NULL, -error);
  set_limits(plan);
  // Before the user changes: the right to empty the set goes with it.
  empty_bounding_set();
  if (plan->has_user) become(plan->uid, plan->gid);
  drop_capabilities();
}

void end_with_parent(const struct plan *plan) {
  if (plan->parent == 0) return;
  const long error = call2(__NR_prctl, PR_SET_PDEATHSIG, SIG_KILL);
  if (error < 0) fail(STEP_FAILED, "cannot be bound to the host's life", NULL, -error);
  // The parent may have died before this call: then the kernel sends no signal.
  if (call0(__NR_getppid) != (long)plan->parent) fail(STEP_FAILED, "the host has ended", NULL, 0);
}
