// What a process may do by who it is: descriptors, limits, user, capabilities.
#pragma once

#include "plan.h"

/** Closes every descriptor that the program does not need: what the host had inherited and passed on unknowingly. */
void close_descriptors(const struct plan *plan);

/** Gives up the way to more privileges, all capabilities and, where the plan says so, the user. Needs no privilege to give up none. */
void drop_privileges(const struct plan *plan);

/** Ends with its parent, also where that is killed. After the user has changed: the kernel forgets it then. */
void end_with_parent(const struct plan *plan);
