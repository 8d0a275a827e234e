// The last step: the program takes the launcher's place, and with it all that was put on it.
#pragma once

#include "filter.h"
#include "plan.h"

/**
 * Puts the program's path, arguments and environment at addresses that cannot be guessed: where no commands are granted, the filter lets
 * through an execve with these three pointers and no other. They are gone with the launcher, and a filter cannot be read back.
 */
struct exec_pointers place_program(const struct plan *plan);

/** Executes it. Returns to fail only. */
_Noreturn void execute(const struct exec_pointers *exec);
