/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp: which system calls may be made. The filter lists what is allowed, because nobody can
 * list what a later kernel adds.
 *
 * Some calls are allowed with certain arguments only: memory never becomes executable, signals go
 * to the process itself, a clone is a thread, and terminals are asked for their settings and their
 * size, because other requests to them type text in the user's name. clone3() passes its flags in
 * memory, where a filter cannot see them; the C library uses clone() if clone3() does not exist. So
 * does openat2().
 *
 * Landlock does not see everything that a path can do. An open for neither reading nor writing
 * (access mode 3) asks it for nothing, and its descriptor still changes permissions and owners;
 * O_TRUNC empties a file before version 3 of it; and a descriptor with O_ASYNC and an owner sends
 * that process signals before version 6. All of that is refused here, on every kernel. Nobody makes
 * a file that runs with its owner's rights, or gives one away.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
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
    SCMP_SYS(getdents64),
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

/* To look at files. Landlock does not limit these. */
static const int to_look[] = {SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statfs), SCMP_SYS(stat64),
                              SCMP_SYS(lstat64)};

/* To make, change and remove them, as far as Landlock agrees. */
static const int to_change[] = {SCMP_SYS(rename),   SCMP_SYS(renameat),  SCMP_SYS(renameat2),
                                SCMP_SYS(link),     SCMP_SYS(linkat),    SCMP_SYS(unlink),
                                SCMP_SYS(unlinkat), SCMP_SYS(rmdir),     SCMP_SYS(mkdir),
                                SCMP_SYS(mkdirat),  SCMP_SYS(fgetxattr), SCMP_SYS(flock),
                                SCMP_SYS(syncfs)};

/* What fcntl() is for here: neither signals (F_SETOWN, F_SETSIG, F_NOTIFY) nor leases. */
static const int commands[] = {F_DUPFD,      F_DUPFD_CLOEXEC, F_GETFD,     F_SETFD,     F_GETFL,
                               F_GETLK,      F_SETLK,         F_SETLKW,    F_OFD_GETLK, F_OFD_SETLK,
                               F_OFD_SETLKW, F_GETPIPE_SZ,    F_SETPIPE_SZ};

/* Permissions that give a program the rights of its file's owner or group. */
enum { SET_ID = 06000 };

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

/* Allows CALL, an open() whose flags are argument AT, for reading, writing or both. */
static int allow_open(scmp_filter_ctx filter, int call, unsigned at)
{
    static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR};
    int rc = 0;

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]) && rc == 0; i++) {
        const struct scmp_arg_cmp arguments[] = {
            {at, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_TRUNC, (scmp_datum_t)modes[i]},
            {at + 1, SCMP_CMP_MASKED_EQ, SET_ID, 0}};

        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 2, arguments);
    }
    return rc;
}

static int allow_fcntl(scmp_filter_ctx filter, int call)
{
    const struct scmp_arg_cmp set_flags[] = {{1, SCMP_CMP_EQ, F_SETFL, 0},
                                             {2, SCMP_CMP_MASKED_EQ, O_ASYNC, 0}};
    int rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 2, set_flags);

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && rc == 0; i++) {
        const struct scmp_arg_cmp command = {1, SCMP_CMP_EQ, (scmp_datum_t)commands[i], 0};

        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &command);
    }
    return rc;
}

/* Permissions, the group and times, of files that are open: utimensat() without a path. */
static int allow_to_change(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp mode = {1, SCMP_CMP_MASKED_EQ, SET_ID, 0};
    const struct scmp_arg_cmp same_owner = {1, SCMP_CMP_MASKED_EQ, UINT32_MAX, UINT32_MAX};
    const struct scmp_arg_cmp no_path = {1, SCMP_CMP_EQ, 0, 0};
    int rc = allow(filter, to_change, sizeof(to_change) / sizeof(to_change[0]));

    if (rc == 0)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(fchmod), 1, &mode);
    if (rc == 0)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(fchown), 1, &same_owner);
    if (rc == 0)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(utimensat), 1, &no_path);
    return rc;
}

static int allow_to_open(scmp_filter_ctx filter)
{
    int rc = allow(filter, to_look, sizeof(to_look) / sizeof(to_look[0]));

    if (rc == 0)
        rc = allow_open(filter, SCMP_SYS(open), 1);
    return rc == 0 ? allow_open(filter, SCMP_SYS(openat), 2) : rc;
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
    if (rc == 0)
        rc = allow_fcntl(filter, SCMP_SYS(fcntl));
    if (rc == 0)
        rc = allow_fcntl(filter, SCMP_SYS(fcntl64));
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
        rc = allow_to_open(filter);
    if (rc == 0 && writable)
        rc = allow_to_change(filter);
    if (rc == 0)
        rc = allow_with_arguments(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc < 0 ? li_fail_errno(err, -rc, "the filter of system calls cannot be loaded") : 0;
}
