#include "execute.h"

#include "words.h"

#define PAGE 4096ull
/** Addresses below 2^38 are there on every processor: 26 bits choose the page and 9 the place in it, for each of three pointers. */
#define PAGES (1ull << 26)
#define LOWEST_PAGE 0x1000ull

#define PROT_READ_WRITE 3
#define MAP_PRIVATE_ANONYMOUS 0x22
#define MAP_FIXED_NOREPLACE 0x100000

static u64 random_number(void) {
  u64 number;
  const long got = call3(__NR_getrandom, &number, sizeof number, 0);
  if (got != sizeof number) fail(STEP_FAILED, "no random numbers", NULL, got < 0 ? -got : 0);
  return number;
}

static char *random_room(size_t bytes) {
  long error = 0;
  for (int tries = 0; tries < 64; tries++) {
    const u64 number = random_number();
    const u64 page = (LOWEST_PAGE + number % (PAGES - LOWEST_PAGE)) * PAGE;
    const u64 inside = (number >> 40) % (PAGE / 8) * 8;
    error = call6(__NR_mmap, (long)page, (long)(inside + bytes), PROT_READ_WRITE,
                  MAP_PRIVATE_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    // An older kernel takes the address as a hint.
    if (error == (long)page) return (char *)(page + inside);
    if (error > 0) call2(__NR_munmap, error, inside + bytes);
  }
  fail(STEP_FAILED, "no memory for the program's arguments", NULL, error < 0 ? -error : 0);
}

static u64 placed_list(char **list) {
  size_t count = 0;
  while (list[count] != NULL) count++;
  char **copy = (char **)random_room((count + 1) * sizeof *copy);
  for (size_t at = 0; at <= count; at++) copy[at] = list[at];
  return (u64)copy;
}

struct exec_pointers place_program(const struct plan *plan) {
  const size_t length = length_of(plan->program[0]) + 1;
  char *path = random_room(length);
  for (size_t at = 0; at < length; at++) path[at] = plan->program[0][at];
  return (struct exec_pointers){
      .path = (u64)path,
      .arguments = placed_list(plan->program),
      .environment = placed_list(plan->environment),
  };
}

_Noreturn void execute(const struct exec_pointers *exec) {
  const long error = call3(__NR_execve, exec->path, exec->arguments, exec->environment);
  fail(EXEC_FAILED, "cannot execute", (const char *)exec->path, -error);
}
