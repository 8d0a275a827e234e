// What the launcher says. It says one line on standard error and ends: a cell is never started less confined than planned.
#pragma once

#include "system.h"

/** The exit codes: the host tells by them what it can do about a failure. */
enum ending {
  /** The plan cannot be read: host and launcher are of different versions, or the host has a mistake. */
  PLAN_UNREADABLE = 120,
  /** This kernel, or what surrounds the process, lacks something that the plan needs. */
  KERNEL_LACKS = 121,
  /** A step of the confinement failed. */
  STEP_FAILED = 122,
  /** Everything was put in place, and something that must be refused was not. */
  CANARY_FAILED = 123,
  /** The program could not be executed. */
  EXEC_FAILED = 124,
};

size_t length_of(const char *text);
int is_equal(const char *a, const char *b);

/** Appends to a line of bounded length; what does not fit is cut. */
void say(const char *text);
void say_number(long number);
void say_quoted(const char *text);
/** Writes the line to a descriptor. */
void end_line(int fd);

/** Says what failed and with which errno, and ends. */
_Noreturn void fail(enum ending ending, const char *what, const char *about, long error);
_Noreturn void leave(int code);
