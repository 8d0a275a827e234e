// The seccomp filter: which system calls a process can make, and with which arguments where those are plain numbers.
#pragma once

#include "plan.h"

/** The three pointers of the one execve that is let through where no commands are granted: the launcher's own. */
struct exec_pointers {
  u64 path;
  u64 arguments;
  u64 environment;
};

/** Whether the kernel can end a whole process by a filter; minus the errno where it cannot, or there are no filters here. */
long filter_available(void);

/** From here on the filter holds, for this process and all that comes of it. Needs no_new_privs. */
void install_filter(const struct plan *plan, const struct exec_pointers *exec);
