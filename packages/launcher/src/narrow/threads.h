// One more Landlock layer for threads that run already. The call covers the thread that makes it, and what comes of that thread.
#pragma once

#include "../system.h"

/** Most threads that are restricted at once. A cell has some fifteen. */
#define MAX_THREADS 1024

/** What one attempt came to. */
struct narrowing {
  /** 0 where every thread that was named is restricted now, or is gone. Otherwise the errno of the first that is not. */
  u32 error;
  /** Whether a thread was restricted, whatever came of the others. */
  int has_begun;
};

/** Restricts threads of this process by a ruleset: the caller itself, if it is named, before all others. Takes two seconds at most, on a machine so busy that a thread does not run for as long. */
struct narrowing restrict_threads(int ruleset, const u32 *threads, u32 count);
