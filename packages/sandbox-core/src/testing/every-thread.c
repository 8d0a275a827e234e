// Native code in every thread of a cell: the threads that are named each open a file, connect to a port and execute a program.
// THREADS are their ids, SAID the file that gets a line for each: the thread, and the outcomes as negative errnos, or 0.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// No thread of a cell blocks it.
#define SIGNAL 40

// From here on, what a child exits with is the errno of its execve.
#define NOT_EXECUTED 100

static const char *file, *command;
static unsigned short port;
static atomic_int waiting;
static int said;

static int opened(void) {
  const int fd = open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  close(fd);
  return 0;
}

static int connected(void) {
  const struct sockaddr_in to = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  const int result = connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 ? -errno : 0;
  close(fd);
  return result;
}

static int executed(void) {
  char *const arguments[] = {(char *)command, NULL};
  // Not fork(): it would run what the process has planned for its own forks.
  const long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    execve(command, arguments, NULL);
    syscall(SYS_exit_group, NOT_EXECUTED + errno);
  }
  int status;
  if (child < 0) return -errno;
  if (waitpid((pid_t)child, &status, 0) < 0) return -errno;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : NOT_EXECUTED;
  return code < NOT_EXECUTED ? 0 : NOT_EXECUTED - code;
}

static void try_all(int signal) {
  (void)signal;
  const int error = errno;
  dprintf(said, "%d %d %d %d\n", gettid(), opened(), connected(), executed());
  errno = error;
  waiting--;
}

__attribute__((constructor)) static void run(void) {
  file = getenv("FILE_TO_OPEN"), command = getenv("COMMAND"), port = (unsigned short)atoi(getenv("PORT"));
  said = open(getenv("SAID"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  struct sigaction action = {.sa_handler = try_all, .sa_flags = SA_RESTART};
  sigaction(SIGNAL, &action, NULL);
  char *at = getenv("THREADS");
  for (long thread = strtol(at, &at, 10); thread > 0; thread = strtol(at, &at, 10)) {
    waiting++;
    if (tgkill(getpid(), (pid_t)thread, SIGNAL) != 0) waiting--;
  }
  while (waiting > 0) usleep(1000);
  dprintf(said, "end\n");
  close(said);
}
