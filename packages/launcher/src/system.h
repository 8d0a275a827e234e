// System calls without a C library: the launcher is a static program of a few KiB that starts in well under a millisecond.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "numbers.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/** The result of a system call: what it returns, or minus its errno. */
static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
#else
#error "the launcher knows x86-64 and arm64"
#endif
}

#define call5(n, a, b, c, d, e) call6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define call4(n, a, b, c, d) call5(n, a, b, c, d, 0)
#define call3(n, a, b, c) call4(n, a, b, c, 0)
#define call2(n, a, b) call3(n, a, b, 0)
#define call1(n, a) call2(n, a, 0)
#define call0(n) call1(n, 0)

// The few errno values that the launcher tells apart.
#define E_PERM 1
#define E_NOENT 2
#define E_ACCES 13
#define E_NOTDIR 20
#define E_INVAL 22
#define E_NOSYS 38
#define E_LOOP 40

#define FD_CWD (-100)
