// Every system call by its name: what becomes of it without commands, and what with them, since a command inherits the filter. Included
// where BOTH and PAIR are defined.
// Files by descriptor and by path: Landlock decides on the paths.
BOTH(read, ALLOW), BOTH(write, ALLOW), BOTH(readv, ALLOW), BOTH(writev, ALLOW), BOTH(pread64, ALLOW),
BOTH(pwrite64, ALLOW), BOTH(preadv, ALLOW), BOTH(pwritev, ALLOW), BOTH(preadv2, ALLOW),
BOTH(pwritev2, ALLOW), BOTH(close, ALLOW), BOTH(lseek, ALLOW), BOTH(openat, ALLOW), BOTH(fstat, ALLOW),
BOTH(newfstatat, ALLOW), BOTH(statx, ALLOW), BOTH(faccessat, ALLOW), BOTH(faccessat2, ALLOW),
BOTH(readlinkat, ALLOW), BOTH(getcwd, ALLOW), BOTH(getdents64, ALLOW), BOTH(statfs, ALLOW),
BOTH(fstatfs, ALLOW), BOTH(mkdirat, ALLOW), BOTH(unlinkat, ALLOW), BOTH(renameat2, ALLOW),
BOTH(linkat, ALLOW), BOTH(symlinkat, ALLOW), BOTH(truncate, ALLOW), BOTH(ftruncate, ALLOW),
BOTH(fsync, ALLOW), BOTH(fdatasync, ALLOW), BOTH(copy_file_range, ALLOW), BOTH(sendfile, ALLOW),
BOTH(pipe2, ALLOW), BOTH(dup, ALLOW), BOTH(dup3, ALLOW), BOTH(close_range, ALLOW), BOTH(umask, ALLOW),
BOTH(openat2, ALLOW), PAIR(chdir, REFUSE, ALLOW), PAIR(fchdir, REFUSE, ALLOW),
PAIR(fallocate, REFUSE, ALLOW), PAIR(fadvise64, REFUSE, ALLOW), PAIR(readahead, REFUSE, REFUSE),
PAIR(splice, REFUSE, ALLOW), PAIR(tee, REFUSE, REFUSE), PAIR(vmsplice, KILL, REFUSE),
PAIR(flock, REFUSE, ALLOW), BOTH(sync, REFUSE), BOTH(syncfs, REFUSE), BOTH(sync_file_range, REFUSE),
BOTH(mknodat, REFUSE),

// What Landlock does not govern: a file's mode, owner, times and attributes. Many commands set modes and times.
PAIR(fchmod, REFUSE, ALLOW), PAIR(fchmodat, REFUSE, ALLOW), PAIR(fchmodat2, REFUSE, ALLOW),
PAIR(utimensat, REFUSE, ALLOW), BOTH(fchown, REFUSE), BOTH(fchownat, REFUSE), BOTH(setxattr, REFUSE),
BOTH(lsetxattr, REFUSE), BOTH(fsetxattr, REFUSE), BOTH(removexattr, REFUSE),
BOTH(lremovexattr, REFUSE), BOTH(fremovexattr, REFUSE), PAIR(getxattr, REFUSE, ALLOW),
PAIR(lgetxattr, REFUSE, ALLOW), PAIR(fgetxattr, REFUSE, ALLOW), PAIR(listxattr, REFUSE, ALLOW),
PAIR(llistxattr, REFUSE, ALLOW), PAIR(flistxattr, REFUSE, ALLOW), BOTH(setxattrat, REFUSE),
BOTH(getxattrat, REFUSE), BOTH(listxattrat, REFUSE), BOTH(removexattrat, REFUSE), BOTH(file_getattr, REFUSE),
BOTH(file_setattr, REFUSE),
// Watching files, and handles that name a file without its path.
BOTH(inotify_init1, REFUSE), BOTH(inotify_add_watch, REFUSE), BOTH(inotify_rm_watch, REFUSE),
BOTH(fanotify_init, KILL), BOTH(fanotify_mark, KILL), BOTH(name_to_handle_at, REFUSE),
BOTH(open_by_handle_at, KILL),

// Memory. V8 makes code at run time, and guards it with keys where the processor has them.
BOTH(mmap, ALLOW), BOTH(munmap, ALLOW), BOTH(mprotect, ALLOW), BOTH(mremap, ALLOW), BOTH(madvise, ALLOW),
BOTH(brk, ALLOW), BOTH(msync, ALLOW), BOTH(membarrier, ALLOW), BOTH(pkey_mprotect, ALLOW),
BOTH(pkey_alloc, ALLOW), BOTH(pkey_free, ALLOW), BOTH(map_shadow_stack, ALLOW), BOTH(mseal, ALLOW),
BOTH(mlock, REFUSE), BOTH(munlock, REFUSE), BOTH(mlock2, REFUSE), BOTH(mlockall, REFUSE),
BOTH(munlockall, REFUSE), BOTH(mincore, REFUSE), BOTH(remap_file_pages, REFUSE), BOTH(mbind, REFUSE),
BOTH(set_mempolicy, REFUSE), BOTH(get_mempolicy, REFUSE), BOTH(set_mempolicy_home_node, REFUSE),
BOTH(cachestat, REFUSE), BOTH(migrate_pages, KILL), BOTH(move_pages, KILL),
BOTH(memfd_create, REFUSE), BOTH(memfd_secret, KILL), BOTH(userfaultfd, KILL),

// Threads, time, waiting.
BOTH(futex, ALLOW), BOTH(futex_waitv, ALLOW), BOTH(futex_wake, ALLOW), BOTH(futex_wait, ALLOW),
BOTH(futex_requeue, ALLOW), BOTH(set_robust_list, ALLOW), BOTH(get_robust_list, KILL), BOTH(rseq, ALLOW),
BOTH(set_tid_address, ALLOW), BOTH(exit, ALLOW), BOTH(exit_group, ALLOW), BOTH(clone3, ABSENT),
BOTH(rt_sigaction, ALLOW), BOTH(rt_sigprocmask, ALLOW), BOTH(rt_sigreturn, ALLOW),
BOTH(rt_sigpending, ALLOW), BOTH(rt_sigtimedwait, ALLOW), BOTH(rt_sigsuspend, ALLOW),
BOTH(sigaltstack, ALLOW), BOTH(restart_syscall, ALLOW), BOTH(epoll_create1, ALLOW),
BOTH(epoll_ctl, ALLOW), BOTH(epoll_pwait, ALLOW), BOTH(epoll_pwait2, ALLOW), BOTH(ppoll, ALLOW),
BOTH(pselect6, ALLOW), BOTH(eventfd2, ALLOW), PAIR(signalfd4, REFUSE, ALLOW),
PAIR(timerfd_create, REFUSE, ALLOW), PAIR(timerfd_settime, REFUSE, ALLOW),
PAIR(timerfd_gettime, REFUSE, ALLOW), PAIR(timer_create, REFUSE, ALLOW),
PAIR(timer_settime, REFUSE, ALLOW), PAIR(timer_gettime, REFUSE, ALLOW),
PAIR(timer_getoverrun, REFUSE, ALLOW), PAIR(timer_delete, REFUSE, ALLOW), BOTH(getitimer, ALLOW),
PAIR(setitimer, REFUSE, ALLOW), BOTH(gettimeofday, ALLOW), BOTH(clock_gettime, ALLOW),
BOTH(clock_getres, ALLOW), BOTH(clock_nanosleep, ALLOW), BOTH(nanosleep, ALLOW), BOTH(times, ALLOW),
BOTH(sched_yield, ALLOW), BOTH(sched_getaffinity, ALLOW), BOTH(sched_getparam, ALLOW),
BOTH(sched_getscheduler, ALLOW), BOTH(sched_getattr, ALLOW), BOTH(sched_get_priority_max, ALLOW),
BOTH(sched_get_priority_min, ALLOW), BOTH(sched_rr_get_interval, ALLOW), BOTH(getcpu, ALLOW),
BOTH(getpriority, ALLOW),
// They reach other processes of the same user.
BOTH(sched_setaffinity, REFUSE), BOTH(sched_setparam, REFUSE), BOTH(sched_setscheduler, REFUSE),
BOTH(sched_setattr, REFUSE), BOTH(setpriority, REFUSE), BOTH(ioprio_set, REFUSE),
BOTH(ioprio_get, REFUSE),

// The process's own identity and limits.
BOTH(getpid, ALLOW), BOTH(gettid, ALLOW), BOTH(getppid, ALLOW), BOTH(getuid, ALLOW), BOTH(geteuid, ALLOW),
BOTH(getgid, ALLOW), BOTH(getegid, ALLOW), BOTH(getresuid, ALLOW), BOTH(getresgid, ALLOW),
BOTH(getgroups, ALLOW), BOTH(getpgid, ALLOW), BOTH(getsid, ALLOW), BOTH(capget, ALLOW),
BOTH(uname, ALLOW), BOTH(sysinfo, ALLOW), BOTH(getrandom, ALLOW), BOTH(getrusage, ALLOW),
BOTH(setrlimit, ALLOW), BOTH(getrlimit, ALLOW), PAIR(setuid, KILL, REFUSE), PAIR(setgid, KILL, REFUSE),
PAIR(setreuid, KILL, REFUSE), PAIR(setregid, KILL, REFUSE), PAIR(setresuid, KILL, REFUSE),
PAIR(setresgid, KILL, REFUSE), PAIR(setgroups, KILL, REFUSE), PAIR(setfsuid, KILL, REFUSE),
PAIR(setfsgid, KILL, REFUSE), PAIR(capset, KILL, REFUSE), PAIR(personality, KILL, REFUSE),

// Other processes.
PAIR(wait4, ALLOW, ALLOW), PAIR(waitid, ALLOW, ALLOW),
// How kill and tgkill may be called is in filter.c.
PAIR(tkill, REFUSE, ALLOW), PAIR(setsid, REFUSE, ALLOW), PAIR(setpgid, REFUSE, ALLOW),
BOTH(execveat, REFUSE), PAIR(rt_sigqueueinfo, KILL, REFUSE), PAIR(rt_tgsigqueueinfo, KILL, REFUSE),
BOTH(pidfd_send_signal, REFUSE), BOTH(pidfd_open, REFUSE), BOTH(pidfd_getfd, KILL), BOTH(process_madvise, KILL),
BOTH(process_mrelease, KILL), BOTH(ptrace, KILL), BOTH(process_vm_readv, KILL), BOTH(process_vm_writev, KILL),
BOTH(kcmp, KILL), PAIR(shmget, KILL, REFUSE), PAIR(shmat, KILL, REFUSE), PAIR(shmdt, KILL, REFUSE),
PAIR(shmctl, KILL, REFUSE), PAIR(semget, KILL, REFUSE), PAIR(semop, KILL, REFUSE),
PAIR(semtimedop, KILL, REFUSE), PAIR(semctl, KILL, REFUSE), PAIR(msgget, KILL, REFUSE),
PAIR(msgsnd, KILL, REFUSE), PAIR(msgrcv, KILL, REFUSE), PAIR(msgctl, KILL, REFUSE),
PAIR(mq_open, KILL, REFUSE), PAIR(mq_unlink, KILL, REFUSE), PAIR(mq_timedsend, KILL, REFUSE),
PAIR(mq_timedreceive, KILL, REFUSE), PAIR(mq_notify, KILL, REFUSE), PAIR(mq_getsetattr, KILL, REFUSE),

// Sockets. What may be made, set and sent is in filter.c; nothing listens.
BOTH(connect, ALLOW), BOTH(getsockopt, ALLOW), BOTH(getsockname, ALLOW), BOTH(getpeername, ALLOW),
BOTH(shutdown, ALLOW), BOTH(recvfrom, ALLOW), BOTH(recvmsg, ALLOW), BOTH(bind, REFUSE),
BOTH(listen, REFUSE), BOTH(accept, REFUSE), BOTH(accept4, REFUSE), BOTH(sendmmsg, REFUSE),
BOTH(recvmmsg, REFUSE),
// libuv tries a ring at its start, and does without. Through one, native code would pass by this filter.
BOTH(io_uring_setup, REFUSE), BOTH(io_uring_enter, REFUSE), BOTH(io_uring_register, REFUSE),
PAIR(io_setup, KILL, REFUSE), PAIR(io_destroy, KILL, REFUSE), PAIR(io_submit, KILL, REFUSE),
PAIR(io_cancel, KILL, REFUSE), PAIR(io_getevents, KILL, REFUSE), PAIR(io_pgetevents, KILL, REFUSE),

// The machine, its kernel, its file systems and namespaces.
BOTH(mount, KILL), BOTH(umount2, KILL), BOTH(pivot_root, KILL), BOTH(chroot, KILL), BOTH(open_tree, KILL),
BOTH(move_mount, KILL), BOTH(fsopen, KILL), BOTH(fsconfig, KILL), BOTH(fsmount, KILL),
BOTH(fspick, KILL), BOTH(mount_setattr, KILL), BOTH(open_tree_attr, KILL), BOTH(statmount, REFUSE),
BOTH(listmount, REFUSE), BOTH(unshare, KILL), BOTH(setns, KILL), BOTH(bpf, KILL),
BOTH(perf_event_open, KILL), BOTH(add_key, KILL), BOTH(request_key, KILL), BOTH(keyctl, KILL),
BOTH(seccomp, KILL),
// A cell makes its own Landlock layer narrower by these, and openat2. How the third may be called is in filter.c.
BOTH(landlock_create_ruleset, ALLOW), BOTH(landlock_add_rule, ALLOW),
BOTH(lsm_get_self_attr, REFUSE), BOTH(lsm_set_self_attr, REFUSE), BOTH(lsm_list_modules, REFUSE), BOTH(init_module, KILL),
BOTH(finit_module, KILL), BOTH(delete_module, KILL), BOTH(kexec_load, KILL), BOTH(reboot, KILL),
BOTH(swapon, KILL), BOTH(swapoff, KILL), BOTH(sethostname, KILL), BOTH(setdomainname, KILL),
BOTH(settimeofday, KILL), BOTH(clock_settime, KILL), BOTH(clock_adjtime, KILL), BOTH(adjtimex, KILL),
BOTH(acct, KILL), BOTH(quotactl, KILL), BOTH(quotactl_fd, KILL), BOTH(nfsservctl, KILL),
BOTH(vhangup, KILL), BOTH(lookup_dcookie, KILL), BOTH(syslog, KILL),

#if defined(__x86_64__)
// What only x86-64 has: the older form of what stands above, and its own machine's.
BOTH(open, ALLOW), BOTH(creat, ALLOW), BOTH(stat, ALLOW), BOTH(lstat, ALLOW), BOTH(access, ALLOW),
BOTH(readlink, ALLOW), BOTH(getdents, ALLOW), BOTH(mkdir, ALLOW), BOTH(rmdir, ALLOW), BOTH(unlink, ALLOW),
BOTH(rename, ALLOW), BOTH(renameat, ALLOW), BOTH(link, ALLOW), BOTH(symlink, ALLOW), BOTH(pipe, ALLOW),
BOTH(dup2, ALLOW), BOTH(poll, ALLOW), BOTH(select, ALLOW), BOTH(epoll_create, ALLOW),
BOTH(epoll_wait, ALLOW), BOTH(eventfd, ALLOW), BOTH(pause, ALLOW), BOTH(time, ALLOW),
BOTH(getpgrp, ALLOW), BOTH(arch_prctl, ALLOW), PAIR(fork, REFUSE, ALLOW), PAIR(vfork, REFUSE, ALLOW),
PAIR(alarm, REFUSE, ALLOW), PAIR(signalfd, REFUSE, ALLOW), PAIR(chmod, REFUSE, ALLOW),
PAIR(utime, REFUSE, ALLOW), PAIR(utimes, REFUSE, ALLOW), PAIR(futimesat, REFUSE, ALLOW),
BOTH(chown, REFUSE), BOTH(lchown, REFUSE), BOTH(mknod, REFUSE), BOTH(inotify_init, REFUSE),
BOTH(ustat, REFUSE), BOTH(sysfs, REFUSE), BOTH(epoll_ctl_old, KILL), BOTH(epoll_wait_old, KILL),
BOTH(set_thread_area, KILL), BOTH(get_thread_area, KILL), BOTH(modify_ldt, KILL), BOTH(iopl, KILL),
BOTH(ioperm, KILL), BOTH(kexec_file_load, KILL), BOTH(uselib, KILL), BOTH(_sysctl, KILL),
BOTH(create_module, KILL), BOTH(get_kernel_syms, KILL), BOTH(query_module, KILL), BOTH(getpmsg, KILL),
BOTH(putpmsg, KILL), BOTH(afs_syscall, KILL), BOTH(tuxcall, KILL), BOTH(security, KILL),
BOTH(vserver, KILL), BOTH(uretprobe, KILL), BOTH(uprobe, KILL),
#else
// Not run on such a machine yet: the host says `unavailable` there.
BOTH(renameat, ALLOW), BOTH(kexec_file_load, KILL),
#endif
