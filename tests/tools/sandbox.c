/* SPDX-License-Identifier: Apache-2.0
 *
 * sandbox [-r DIR]... PROGRAM [ARGUMENT...]: runs a test where a mistake of it harms nothing, and
 * ends with its exit status, or with 128 and the number of the signal that ended it. Root's tests
 * run in it: they mount, and become other users, so they must be root, and root may write anywhere.
 *
 * - The test has mounts of its own, all of them read-only, and a /tmp of its own. That is a
 * directory in TMPDIR, which is removed afterwards with all that is left in it. /dev/shm is empty.
 * - It has processes of its own. It sees no others, so it cannot end them, and what it leaves
 * running is killed.
 * - Disks, other than loop devices, are /dev/null.
 * DIR is a directory that the test reads, and that may lie below /tmp, as the working directory
 * may.
 *
 * This is against mistakes, not against malice: root can mount a file system read-write again. The
 * network, loop devices and the clock are those of the machine.
 *
 * Where the system does not let it, it says so and ends with 125.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <mntent.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_PROGRAM = 127, NO_SANDBOX = 125, SIGNALED = 128, USAGE = 2 };
enum { LOOP_MAJOR = 7, DESCRIPTORS = 16 };

#define PRIVATE "/tmp"

/* A directory that is to be seen although it may lie below PRIVATE. */
struct readable {
    const char *name;
    char path[PATH_MAX];
    int tree; /* a copy of its mount, or -1 where none is needed */
};

/* What is run, and where. */
struct sandbox {
    char directory[PATH_MAX]; /* what becomes PRIVATE */
    char working[PATH_MAX];
    struct readable *readable;
    int readable_count;
    char **command;
};

__attribute__((format(printf, 1, 0))) static void complain(const char *format, va_list args)
{
    int sys = errno;

    fputs("sandbox: cannot ", stderr);
    vfprintf(stderr, format, args);
    fprintf(stderr, ": %s\n", strerror(sys));
}

__attribute__((format(printf, 1, 2))) static _Noreturn void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain(format, args);
    va_end(args);
    _exit(NO_SANDBOX);
}

/* For the process that has a directory to remove. */
__attribute__((format(printf, 1, 2))) static int refused(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain(format, args);
    va_end(args);
    return NO_SANDBOX;
}

/* ---- mounts --------------------------------------------------------------------------------- */

/* It is hidden by what is mounted at PRIVATE. */
static bool is_private(const char *path)
{
    return strncmp(path, PRIVATE "/", strlen(PRIVATE "/")) == 0;
}

static void bind_at(const char *from, const char *to)
{
    if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0)
        fail("bind %s to %s", from, to);
}

static void set_flags(const char *path, unsigned flags, uint64_t set, uint64_t clear)
{
    struct mount_attr attributes = {.attr_set = set, .attr_clr = clear};

    if (mount_setattr(AT_FDCWD, path, flags, &attributes, sizeof(attributes)) < 0)
        fail("change the mount at %s", path);
}

static void make_path(char *path)
{
    for (char *end = strchr(path + 1, '/');; end = strchr(end + 1, '/')) {
        if (end != NULL)
            *end = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            fail("make the directory %s", path);
        if (end == NULL)
            return;
        *end = '/';
    }
}

static void take_tree(struct readable *r)
{
    if (realpath(r->name, r->path) == NULL)
        fail("find %s", r->name);
    r->tree = -1;
    if (!is_private(r->path))
        return;
    r->tree = open_tree(AT_FDCWD, r->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (r->tree < 0)
        fail("copy the mount of %s", r->path);
}

static void put_tree(const struct sandbox *s, const struct readable *r)
{
    char path[2 * PATH_MAX];

    if (r->tree < 0)
        return;
    snprintf(path, sizeof(path), "%s%s", s->directory, r->path + strlen(PRIVATE));
    make_path(path);
    if (move_mount(r->tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        fail("mount %s", r->path);
    close(r->tree);
}

/* Others wait for a mount to end, such as a test outside a sandbox. It does not as long as it is
 * mounted here. */
static void let_mounts_go(void)
{
    FILE *mounts = setmntent("/proc/self/mounts", "r");
    const struct mntent *entry;

    if (mounts == NULL)
        fail("read /proc/self/mounts");
    while ((entry = getmntent(mounts)) != NULL) {
        if (is_private(entry->mnt_dir))
            umount2(entry->mnt_dir, MNT_DETACH | UMOUNT_NOFOLLOW);
    }
    endmntent(mounts);
}

/* Nodes that are made in the directory open no device, so there is no other way to a disk. */
static void make_private(const struct sandbox *s)
{
    for (int i = 0; i < s->readable_count; i++)
        take_tree(&s->readable[i]);
    let_mounts_go();
    bind_at(s->directory, s->directory);
    set_flags(s->directory, 0, MOUNT_ATTR_NODEV, MOUNT_ATTR_RDONLY);
    for (int i = 0; i < s->readable_count; i++)
        put_tree(s, &s->readable[i]);
    bind_at(s->directory, PRIVATE);
}

static void hide_disk(const char *path, const struct stat *st)
{
    if (S_ISBLK(st->st_mode) && major(st->st_rdev) != LOOP_MAJOR)
        bind_at("/dev/null", path);
}

static int hide_if_disk(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)at;
    if (type == FTW_F)
        hide_disk(path, st);
    return 0;
}

/* A new one, since that of the machine shows its processes. */
static void mount_proc(void)
{
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        fail("mount /proc");
    bind_at("/proc/sys", "/proc/sys");
    set_flags("/proc/sys", 0, MOUNT_ATTR_RDONLY, 0);
}

/* What is unmounted on the machine is unmounted here, too, but not the other way round. */
static void keep_to_itself(const char *path, unsigned long flags)
{
    if (mount(NULL, path, NULL, flags | MS_SLAVE, NULL) < 0)
        fail("keep the mount at %s to itself", path);
}

static bool is_mount(const char *path)
{
    struct statx st;

    return statx(AT_FDCWD, path, 0, 0, &st) == 0 && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* In a chroot, / is a directory of a mount that cannot be named, and so cannot be changed. A copy
 * of all that is below it can. It is mounted on /proc, which is a mount that can be kept to itself.
 */
static void have_root(const struct sandbox *s)
{
    int tree;

    if (is_mount("/"))
        return;
    keep_to_itself("/proc", 0);
    tree = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0 || move_mount(tree, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        fail("copy the mounts below /");
    if (fchdir(tree) < 0 || chroot(".") < 0 || chdir(s->working) < 0)
        fail("enter the copy of /");
    close(tree);
}

/* The order matters: a copy of a mount is read-only if the mount is. */
static void set_up(const struct sandbox *s)
{
    if (unshare(CLONE_NEWNS) < 0)
        fail("have mounts of its own");
    have_root(s);
    keep_to_itself("/", MS_REC);
    set_flags("/", AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0);
    if (nftw("/dev", hide_if_disk, DESCRIPTORS, FTW_PHYS) != 0)
        fail("look at the devices in /dev");
    make_private(s);
    mount_proc();
    if (chdir(s->working) < 0)
        fail("go to %s", s->working);
}

/* ---- processes ------------------------------------------------------------------------------ */

static int exit_status(int status)
{
    return WIFSIGNALED(status) ? SIGNALED + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The first process of a namespace. It gets those whose parents have ended, and all others end with
 * it. */
static _Noreturn void be_init(const struct sandbox *s, const sigset_t *mask)
{
    int status = 0;
    pid_t program;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    set_up(s);
    program = fork();
    if (program < 0)
        fail("start a process");
    if (program == 0) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        execvp(s->command[0], s->command);
        fprintf(stderr, "sandbox: cannot run %s: %s\n", s->command[0], strerror(errno));
        _exit(NO_PROGRAM);
    }
    for (pid_t ended = 0; ended != program; ended = wait(&status)) {
        if (ended < 0 && errno != EINTR)
            fail("wait for %s", s->command[0]);
    }
    _exit(exit_status(status));
}

/* INIT ends by itself, or is killed where this process is told to end. */
static int attend(pid_t init, const sigset_t *awaited)
{
    int status = 0, signal = 0;
    pid_t ended;

    while ((ended = waitpid(init, &status, WNOHANG)) == 0) {
        if (sigwait(awaited, &signal) == 0 && signal != SIGCHLD)
            kill(init, SIGKILL);
    }
    return ended < 0 ? refused("wait for the sandbox") : exit_status(status);
}

static int run(const struct sandbox *s)
{
    sigset_t awaited, before;
    pid_t init;

    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGHUP);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGTERM);
    sigprocmask(SIG_BLOCK, &awaited, &before);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (unshare(CLONE_NEWPID) < 0)
        return refused("have processes of its own");
    init = fork();
    if (init < 0)
        return refused("start a process");
    if (init == 0)
        be_init(s, &before);
    return attend(init, &awaited);
}

/* ---- its directory -------------------------------------------------------------------------- */

static void make_directory(struct sandbox *s)
{
    const char *where = getenv("TMPDIR");

    snprintf(s->directory, sizeof(s->directory), "%s/lambdaimg-sandbox.XXXXXX",
             where != NULL && *where != '\0' ? where : PRIVATE);
    if (mkdtemp(s->directory) == NULL || chmod(s->directory, 01777) < 0)
        fail("make a directory in %s", where != NULL ? where : PRIVATE);
    setenv("TMPDIR", PRIVATE, 1);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

/* By a process that has the mounts of the machine, so nothing is below it but what is in it. */
static void remove_directory(const struct sandbox *s)
{
    if (nftw(s->directory, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
        fprintf(stderr, "sandbox: cannot remove %s: %s\n", s->directory, strerror(errno));
}

static _Noreturn void explain_usage(void)
{
    fputs("usage: sandbox [-r DIR]... PROGRAM [ARGUMENT...]\n", stderr);
    exit(USAGE);
}

int main(int argc, char **argv)
{
    struct sandbox s = {.readable = calloc((size_t)argc + 1, sizeof(struct readable))};
    int option, status;

    if (s.readable == NULL || getcwd(s.working, sizeof(s.working)) == NULL)
        fail("find the working directory");
    while ((option = getopt(argc, argv, "+r:")) == 'r')
        s.readable[s.readable_count++].name = optarg;
    s.readable[s.readable_count++].name = s.working;
    s.command = argv + optind;
    if (option != -1 || *s.command == NULL)
        explain_usage();
    make_directory(&s);
    status = run(&s);
    remove_directory(&s);
    free(s.readable);
    return status;
}
