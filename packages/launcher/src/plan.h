// The plan: what the host wants the process to be confined to, as arguments. An argument is bounded by the kernel (128 KiB), all of
// them together too (E2BIG at the launcher's own start), and nothing has to be read or waited for.
#pragma once

#include "system.h"

/** Raised whenever an option changes its meaning. Host and launcher are two packages, which an install may mix. */
#define PROTOCOL "1"

#define MAX_PORTS 4096
#define MAX_LIMITS 16

struct limit {
  u32 resource;
  u64 value;
};

struct plan {
  /** The Landlock ABI that the host has planned for; 0 for no Landlock. */
  u32 abi;
  /** Descriptors from this one on are closed. */
  u32 descriptors;
  /** Whether the process may start others. */
  int commands;
  /** Whether TCP connections to any port are granted. */
  int all_ports;
  u32 port_count;
  u16 ports[MAX_PORTS];
  /** The parent with which the process must end; 0 for none. */
  u32 parent;
  int has_user;
  u32 uid;
  u32 gid;
  u32 limit_count;
  struct limit limits[MAX_LIMITS];
  /** A file that the plan does not grant and that anyone may read: opening it must fail. NULL for none. */
  const char *canary;
  /** The arguments that name paths, `need=`, `try=` and `path=`, stay where they are: these are all arguments of the plan. */
  char **first;
  char **end;
  /** The program: a path, its arguments and its environment. */
  char **program;
  char **environment;
};

/** What is done where a path of the plan cannot be opened, and whether symlinks in it are followed. */
enum path_kind {
  /** The program cannot start without it: the launcher fails. Symlinks are followed. */
  NEEDED,
  /** The program does without, less well. Symlinks are followed: `/proc/self` is one. */
  TRIED,
  /** A path of the policy. It may be missing, and is a real path: nothing is granted through a symlink. */
  OF_THE_POLICY,
};

/** One path of the plan. */
struct path_rule {
  enum path_kind kind;
  u64 rights;
  const char *path;
};

/** Reads options up to "--" or the end of the list, and gives where it stopped. Fails where one is not understood. */
char **read_options(struct plan *plan, char **arguments);

/** Reads the launcher's arguments. Fails where one is not understood. */
void read_plan(struct plan *plan, char **arguments, char **environment);

/** Whether an argument of the plan names a path, and which. */
int read_path_rule(const char *argument, struct path_rule *rule);
