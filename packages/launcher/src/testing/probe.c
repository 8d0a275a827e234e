// A program that makes the system calls which its arguments spell, and prints what each returned: native code inside a confined process.
//
//   probe openat -100 s:/etc/passwd 0 , read $0 b:16 16
//
// An argument is a number (0x for hexadecimal), a text (s:), hexadecimal bytes (h:), a cleared buffer of so many bytes (b:), or the result
// of the nth call ($n). Prints one line a call; `child` and an end stand for a second process that a call made.
#include "../start.h"
#include "../system.h"

struct name {
  u16 number;
  const char *text;
};

#define BOTH(name, action) {__NR_##name, #name}
#define PAIR(name, without, with) {__NR_##name, #name}
static const struct name NAMES[] = {
#include "../filter-list.h"
    {__NR_socket, "socket"}, {__NR_socketpair, "socketpair"}, {__NR_sendto, "sendto"}, {__NR_sendmsg, "sendmsg"},
    {__NR_setsockopt, "setsockopt"}, {__NR_clone, "clone"}, {__NR_execve, "execve"}, {__NR_prlimit64, "prlimit64"},
    {__NR_kill, "kill"}, {__NR_tgkill, "tgkill"}, {__NR_fcntl, "fcntl"}, {__NR_ioctl, "ioctl"}, {__NR_prctl, "prctl"},
    {__NR_landlock_restrict_self, "landlock_restrict_self"},
};

static char room[1 << 16];
static size_t used;
static long results[64];

static int is_equal(const char *a, const char *b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}

static long number(const char *text) {
  const int negative = *text == '-';
  if (negative) text++;
  u64 value = 0;
  const u64 base = text[0] == '0' && text[1] == 'x' ? (text += 2, 16) : 10;
  for (; *text != 0; text++) value = value * base + (u64)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
  return negative ? -(long)value : (long)value;
}

static long argument(const char *text) {
  if (text[0] == '$') return results[number(text + 1)];
  if (text[1] != ':') return number(text);
  if (text[0] == 's') return (long)(text + 2);
  char *at = room + used;
  if (text[0] == 'b') used += (size_t)number(text + 2);
  else
    for (text += 2; text[0] != 0; text += 2) {
      const char byte[5] = {'0', 'x', text[0], text[1], 0};
      room[used++] = (char)number(byte);
    }
  used = (used + 15) & ~15ul;
  return (long)at;
}

static void print(long value) {
  char line[24];
  size_t at = sizeof line;
  u64 rest = value < 0 ? -(u64)value : (u64)value;
  line[--at] = '\n';
  do line[--at] = (char)('0' + rest % 10), rest /= 10;
  while (rest > 0);
  if (value < 0) line[--at] = '-';
  call3(__NR_write, 1, line + at, sizeof line - at);
}

_Noreturn void run(char **stack) {
  const long self = call0(__NR_getpid);
  char **word = stack + 2;
  for (long count = 0; *word != NULL; count++) {
    long nr = number(*word);
    for (size_t at = 0; at < sizeof NAMES / sizeof *NAMES; at++)
      if (is_equal(*word, NAMES[at].text)) nr = NAMES[at].number;
    long values[6] = {0};
    for (int at = 0; *++word != NULL && !is_equal(*word, ","); at++) values[at] = argument(*word);
    results[count] = call6(nr, values[0], values[1], values[2], values[3], values[4], values[5]);
    if (call0(__NR_getpid) != self) {
      call3(__NR_write, 1, "child\n", 6);
      call1(__NR_exit_group, 0);
    }
    print(results[count]);
    if (*word != NULL) word++;
  }
  for (;;) call1(__NR_exit_group, 0);
}
