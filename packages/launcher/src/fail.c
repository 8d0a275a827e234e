#include "words.h"

static const char *name_of(long error) {
  switch (error) {
    case E_PERM: return "EPERM";
    case E_NOENT: return "ENOENT";
    case 7: return "E2BIG";
    case 8: return "ENOEXEC";
    case 12: return "ENOMEM";
    case E_ACCES: return "EACCES";
    case E_NOTDIR: return "ENOTDIR";
    case E_INVAL: return "EINVAL";
    case 24: return "EMFILE";
    case E_NOSYS: return "ENOSYS";
    case E_LOOP: return "ELOOP";
    case 95: return "EOPNOTSUPP";
    default: return "";
  }
}

_Noreturn void leave(int code) {
  for (;;) call1(__NR_exit_group, code);
}

_Noreturn void fail(enum ending ending, const char *what, const char *about, long error) {
  say("pyisolate-launcher: ");
  say(what);
  if (about != NULL) say(" "), say_quoted(about);
  if (error != 0) {
    const char *name = name_of(error);
    say(": errno "), say_number(error);
    if (*name != 0) say(" ("), say(name), say(")");
  }
  end_line(2);
  leave(ending);
}
