// The two functions that the compiler calls by itself, for copies and zeroed structures. Included by one file of a program or an addon.
#pragma once

#include "system.h"

__attribute__((visibility("hidden"))) void *memset(void *to, int byte, size_t count) {
  for (volatile char *at = to; count > 0; count--) *at++ = (char)byte;
  return to;
}

__attribute__((visibility("hidden"))) void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  volatile char *out = to;
  for (const char *in = from; count > 0; count--) *out++ = *in++;
  return to;
}
