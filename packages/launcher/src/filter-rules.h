// The list of system calls as a table.
#pragma once

#include "system.h"

/** Refused with an errno that nothing else uses, so that the refusal is known to be ours. */
#define REFUSAL_ERRNO 129

/** The last number that the list was made for. One above it gets ENOSYS, as on a kernel that has not got it. */
#define LAST_KNOWN 469

/** ABSENT is ENOSYS. UNLISTED, a number that no line names, ends the process as KILL does. */
enum action { UNLISTED, ALLOW, REFUSE, ABSENT, KILL };

struct rule {
  u16 number;
  u8 without_commands;
  u8 with_commands;
};

#define BOTH(name, action) {__NR_##name, action, action}
#define PAIR(name, without, with) {__NR_##name, without, with}
static const struct rule RULES[] = {
#include "filter-list.h"
};
#undef BOTH
#undef PAIR
