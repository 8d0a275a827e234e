// pyisolate-launcher: confines itself by a plan and becomes the program that it was given, or says why not and ends.
//
//   pyisolate-launcher 1 [option...] -- /program [argument...]     the options are read in plan.c
//   pyisolate-launcher probe                                       says in one line what this kernel has
#include "canaries.h"
#include "execute.h"
#include "filter.h"
#include "landlock.h"
#include "privileges.h"
#include "start.h"
#include "words.h"

static struct plan plan;

static _Noreturn void probe(void) {
  say("protocol="), say(PROTOCOL);
  say(" landlock="), say_number(landlock_abi());
  say(" errata="), say_number(landlock_errata());
  say(" seccomp="), say_number(filter_available());
  end_line(1);
  leave(0);
}

_Noreturn void run(char **stack) {
  const long count = *(long *)stack;
  char **arguments = stack + 1;
  if (count > 1 && is_equal(arguments[1], "probe")) probe();
  read_plan(&plan, count > 0 ? arguments + 1 : arguments, arguments + count + 1);
  close_descriptors(&plan);
  // Before the privileges are dropped: the user who started this can open the paths, the plan's user perhaps not.
  const int ruleset = make_ruleset(&plan);
  drop_privileges(&plan);
  end_with_parent(&plan);
  restrict_self(&plan, ruleset);
  const struct exec_pointers exec = place_program(&plan);
  install_filter(&plan, &exec);
  try_canaries(&plan);
  execute(&exec);
}
