// What a program without a C library needs beside its own code: the entry, which calls `run` with the stack that the kernel made, and the
// functions that the compiler calls. Included by the one file of a program that defines `run`.
#pragma once

#include "copies.h"

// The kernel starts a program with its arguments on the stack, and no caller to return to.
#if defined(__x86_64__)
__asm__(".global _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call run\n ud2\n");
#else
__asm__(".global _start\n_start: mov x29, #0\n mov x30, #0\n mov x0, sp\n bl run\n brk #1\n");
#endif
