#include "plan.h"
#include "words.h"

/** What follows `name=`; NULL where the argument is another. */
static const char *value_of(const char *argument, const char *name) {
  while (*name != 0)
    if (*argument++ != *name++) return NULL;
  return *argument == '=' ? argument + 1 : NULL;
}

/** A number that ends at `until`; where it stands is moved behind it. Fails on anything else, and on what does not fit. */
static u64 number_at(const char **at, u32 base, char until, const char *argument) {
  u64 number = 0;
  const char *start = *at;
  for (; **at != 0 && **at != until; (*at)++) {
    const char byte = **at;
    const u32 digit = byte >= '0' && byte <= '9'   ? (u32)(byte - '0')
                      : byte >= 'a' && byte <= 'f' ? (u32)(byte - 'a') + 10
                                                   : 99;
    if (digit >= base || number > (UINT64_MAX - digit) / base)
      fail(PLAN_UNREADABLE, "no number in", argument, 0);
    number = number * base + digit;
  }
  if (*at == start || **at != until) fail(PLAN_UNREADABLE, "no number in", argument, 0);
  if (until != 0) (*at)++;
  return number;
}

static u32 small_number(const char *text, u64 most, const char *argument) {
  const u64 number = number_at(&text, 10, 0, argument);
  if (number > most) fail(PLAN_UNREADABLE, "a number is too large in", argument, 0);
  return (u32)number;
}

int read_path_rule(const char *argument, struct path_rule *rule) {
  static const char *const NAMES[] = {[NEEDED] = "need", [TRIED] = "try", [OF_THE_POLICY] = "path"};
  const char *value = NULL;
  for (rule->kind = NEEDED; rule->kind <= OF_THE_POLICY; rule->kind++)
    if ((value = value_of(argument, NAMES[rule->kind])) != NULL) break;
  if (value == NULL) return 0;
  rule->rights = number_at(&value, 16, ':', argument);
  rule->path = value;
  if (*value != '/') fail(PLAN_UNREADABLE, "no absolute path in", argument, 0);
  return 1;
}

static void read_option(struct plan *plan, const char *argument) {
  struct path_rule rule;
  const char *value;
  if (read_path_rule(argument, &rule)) return;
  if ((value = value_of(argument, "connect")) != NULL) {
    if (is_equal(value, "*")) {
      plan->all_ports = 1;
      return;
    }
    if (plan->port_count == MAX_PORTS) fail(PLAN_UNREADABLE, "too many ports at", argument, 0);
    plan->ports[plan->port_count++] = (u16)small_number(value, 65535, argument);
  } else if ((value = value_of(argument, "abi")) != NULL) {
    plan->abi = small_number(value, 1000, argument);
  } else if ((value = value_of(argument, "fds")) != NULL) {
    plan->descriptors = small_number(value, 1024, argument);
  } else if ((value = value_of(argument, "commands")) != NULL) {
    plan->commands = small_number(value, 1, argument) == 1;
  } else if ((value = value_of(argument, "parent")) != NULL) {
    plan->parent = small_number(value, INT32_MAX, argument);
  } else if ((value = value_of(argument, "user")) != NULL) {
    const u64 uid = number_at(&value, 10, ':', argument);
    const u64 gid = number_at(&value, 10, 0, argument);
    // The largest value means "unchanged" to the kernel.
    if (uid >= UINT32_MAX || gid >= UINT32_MAX)
      fail(PLAN_UNREADABLE, "no user and group in", argument, 0);
    plan->has_user = 1;
    plan->uid = (u32)uid;
    plan->gid = (u32)gid;
  } else if ((value = value_of(argument, "limit")) != NULL) {
    if (plan->limit_count == MAX_LIMITS) fail(PLAN_UNREADABLE, "too many limits at", argument, 0);
    struct limit *limit = &plan->limits[plan->limit_count++];
    limit->resource = (u32)number_at(&value, 10, ':', argument);
    limit->value = number_at(&value, 10, 0, argument);
  } else if ((value = value_of(argument, "canary")) != NULL) {
    if (*value != '/') fail(PLAN_UNREADABLE, "no absolute path in", argument, 0);
    plan->canary = value;
  } else {
    fail(PLAN_UNREADABLE, "an option that this version does not know:", argument, 0);
  }
}

char **read_options(struct plan *plan, char **arguments) {
  plan->first = arguments;
  for (; *arguments != NULL && !is_equal(*arguments, "--"); arguments++) read_option(plan, *arguments);
  return plan->end = arguments;
}

void read_plan(struct plan *plan, char **arguments, char **environment) {
  if (*arguments == NULL || !is_equal(*arguments, PROTOCOL))
    fail(PLAN_UNREADABLE, "the plan is not of version " PROTOCOL
         "; install the launcher of the same version as sandbox-core. It says", *arguments == NULL ? "" : *arguments, 0);
  plan->descriptors = 3;
  plan->environment = environment;
  arguments = read_options(plan, arguments + 1);
  if (*arguments == NULL || arguments[1] == NULL || arguments[1][0] != '/')
    fail(PLAN_UNREADABLE, "no program after \"--\"", NULL, 0);
  plan->program = arguments + 1;
}
