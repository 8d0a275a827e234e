#include "words.h"

static char line[1024];
static size_t held;

size_t length_of(const char *text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

int is_equal(const char *a, const char *b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}

static void say_byte(char byte) {
  // The last byte is the line's end.
  if (held < sizeof line - 1) line[held++] = byte;
}

void say(const char *text) {
  while (*text != 0) say_byte(*text++);
}

void say_number(long number) {
  char digits[24];
  size_t count = 0;
  u64 rest = number < 0 ? -(u64)number : (u64)number;
  if (number < 0) say_byte('-');
  do digits[count++] = (char)('0' + rest % 10), rest /= 10;
  while (rest > 0);
  while (count > 0) say_byte(digits[--count]);
}

/** A path may hold anything but NUL: what would break the line, or a terminal, is shown as a question mark. */
void say_quoted(const char *text) {
  say_byte('"');
  for (; *text != 0; text++) say_byte((u8)*text < 32 || *text == 127 || *text == '"' ? '?' : *text);
  say_byte('"');
}

void end_line(int fd) {
  line[held++] = '\n';
  // A pipe takes a line of this length at once or not at all. A pipe without a reader loses the line; the exit code still tells.
  call3(__NR_write, fd, line, held);
  held = 0;
}
