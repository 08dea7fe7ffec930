/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp: which system calls may be made. The filter lists what is allowed, because nobody can
 * list what a later kernel adds.
 *
 * Some calls are allowed with certain arguments only: memory never becomes executable, signals go
 * to the process itself, a clone is a thread, and terminals are asked for their settings and their
 * size, because other requests to them type text in the user's name. clone3() passes its flags in
 * memory, where a filter cannot see them; the C library uses clone() if clone3() does not exist.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "confine/internal.h"

/* What a process does with its memory, its threads and what is open. */
static const int always[] = {
    /* files that are open */
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(_llseek),
    SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(fstat), SCMP_SYS(fstat64),
    SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(statx), SCMP_SYS(fstatfs), SCMP_SYS(fsync),
    SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fadvise64),
    SCMP_SYS(readahead), SCMP_SYS(copy_file_range), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
    SCMP_SYS(fcntl), SCMP_SYS(fcntl64), SCMP_SYS(getdents64),
    /* pipes, waits, messages over sockets that are open */
    SCMP_SYS(pipe2), SCMP_SYS(splice), SCMP_SYS(vmsplice), SCMP_SYS(tee), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(eventfd2), SCMP_SYS(sendmsg),
    SCMP_SYS(sendto), SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(shutdown),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
    SCMP_SYS(mlock2), SCMP_SYS(munlock),
    /* threads and signals */
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigpending), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(wait4), SCMP_SYS(waitid),
    /* time, randomness, the process itself */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
    SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(getrlimit), SCMP_SYS(umask),
    SCMP_SYS(chdir), SCMP_SYS(getcwd), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat)};

/* To open files, as far as Landlock agrees. */
static const int to_open[] = {SCMP_SYS(open),   SCMP_SYS(openat), SCMP_SYS(openat2),
                              SCMP_SYS(stat),   SCMP_SYS(lstat),  SCMP_SYS(statfs),
                              SCMP_SYS(stat64), SCMP_SYS(lstat64)};

/* To make, change and remove them. */
static const int to_change[] = {SCMP_SYS(rename),    SCMP_SYS(renameat),  SCMP_SYS(renameat2),
                                SCMP_SYS(link),      SCMP_SYS(linkat),    SCMP_SYS(unlink),
                                SCMP_SYS(unlinkat),  SCMP_SYS(rmdir),     SCMP_SYS(mkdir),
                                SCMP_SYS(mkdirat),   SCMP_SYS(fchmod),    SCMP_SYS(fchown),
                                SCMP_SYS(fsetxattr), SCMP_SYS(fgetxattr), SCMP_SYS(flock),
                                SCMP_SYS(utimensat), SCMP_SYS(syncfs),    SCMP_SYS(fremovexattr)};

static const struct {
    int call;
    struct scmp_arg_cmp argument;
} with_argument[] = {
    {SCMP_SYS(mmap), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
    {SCMP_SYS(mmap2), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
    {SCMP_SYS(mprotect), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
    {SCMP_SYS(clone), {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}},
    {SCMP_SYS(prlimit64), {2, SCMP_CMP_EQ, 0, 0}},
    {SCMP_SYS(prctl), {0, SCMP_CMP_EQ, PR_SET_NAME, 0}},
    {SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, TCGETS, 0}},
    {SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, TIOCGWINSZ, 0}},
};

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return rc;
}

static int allow_with_arguments(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp self = {0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0};
    int rc = 0;

    for (size_t i = 0; i < sizeof(with_argument) / sizeof(with_argument[0]) && rc == 0; i++)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, with_argument[i].call, 1,
                                    &with_argument[i].argument);
    if (rc == 0)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, &self);
    if (rc == 0)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return rc;
}

bool li_filter_there(void)
{
    return seccomp_api_get() > 0 && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

/* The filter for all threads, found by a binary search, because some calls are made often. */
static int set_up(scmp_filter_ctx filter)
{
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    return rc;
}

int li_filter(bool files, bool writable, struct li_error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc;

    if (!filter)
        return li_fail_memory(err);
    rc = set_up(filter);
    if (rc == 0)
        rc = allow(filter, always, sizeof(always) / sizeof(always[0]));
    if (rc == 0 && files)
        rc = allow(filter, to_open, sizeof(to_open) / sizeof(to_open[0]));
    if (rc == 0 && writable)
        rc = allow(filter, to_change, sizeof(to_change) / sizeof(to_change[0]));
    if (rc == 0)
        rc = allow_with_arguments(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc < 0 ? li_fail_errno(err, -rc, "the filter of system calls cannot be loaded") : 0;
}
