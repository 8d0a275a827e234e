// Landlock: which paths and TCP ports a process can reach at all, and that it reaches no other process by signal or abstract socket.
#pragma once

#include "plan.h"

/** The running kernel's Landlock ABI; 0 or minus the errno where it has none or it is not to be used here. */
long landlock_abi(void);
long landlock_errata(void);

/** Opens what the plan names and makes a ruleset of it; -1 where the plan is without Landlock. Needs no privilege. */
int make_ruleset(const struct plan *plan);

/** Closes what `make_ruleset` had begun when it failed, for a process that goes on. */
void drop_unfinished_ruleset(void);

/** From here on the ruleset holds, for this process and all that comes of it. Needs no_new_privs. */
void restrict_self(const struct plan *plan, int ruleset);
