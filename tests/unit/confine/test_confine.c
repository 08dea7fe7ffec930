/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process that is confined can do with paths and descriptors. Each attempt is a process of
 * its own. The filter is also tried alone, because on older kernels it refuses what Landlock does
 * not see there.
 */
#include "tests/fixtures/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/io.h"
#include "confine/internal.h"

static struct {
    char top[32], file[64], other[64];
    int fd;      /* the file, for reading and writing */
    int pipe[2]; /* the second end writes */
} t;

static int setup(void **state)
{
    (void)state;
    strcpy(t.top, "/tmp/li-confine-XXXXXX");
    assert_non_null(mkdtemp(t.top));
    snprintf(t.file, sizeof(t.file), "%s/file", t.top);
    snprintf(t.other, sizeof(t.other), "%s/other", t.top);
    t.fd = open(t.file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(t.fd >= 0);
    assert_int_equal(write(t.fd, "precious", 8), 8);
    assert_int_equal(pipe2(t.pipe, O_CLOEXEC), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(t.fd);
    close(t.pipe[0]);
    close(t.pipe[1]);
    unlink(t.file);
    unlink(t.other);
    return rmdir(t.top);
}

/* ---- attempts: 0, or -1 with errno ----------------------------------------------------------- */

static int opens(const char *path, int flags, mode_t mode)
{
    int fd = open(path, flags | O_CLOEXEC, mode);

    return fd < 0 ? -1 : close(fd);
}

static int open_for_nothing(void)
{
    return opens(t.file, O_ACCMODE, 0);
}

static int empty_a_file(void)
{
    return opens(t.file, O_WRONLY | O_TRUNC, 0);
}

static int empty_a_file_to_read(void)
{
    return opens(t.file, O_RDONLY | O_TRUNC, 0);
}

static int make_a_program_with_rights(void)
{
    return opens(t.other, O_WRONLY | O_CREAT | O_EXCL, 04755);
}

static int open_by_a_struct(void)
{
    const struct open_how how = {.flags = O_ACCMODE};
    long fd = syscall(SYS_openat2, AT_FDCWD, t.file, &how, sizeof(how));

    return fd < 0 ? -1 : close((int)fd);
}

static int give_a_program_rights(void)
{
    return fchmod(t.fd, 02755);
}

static int give_a_file_away(void)
{
    return fchown(t.fd, 65534, (gid_t)-1);
}

static int change_times_of_a_path(void)
{
    return utimensat(AT_FDCWD, t.file, NULL, 0);
}

static int change_permissions_of_a_path(void)
{
    return chmod(t.file, 0666);
}

static int set_an_attribute(void)
{
    return fsetxattr(t.fd, "user.x", "x", 1, 0);
}

static int choose_who_is_signalled(void)
{
    return fcntl(t.pipe[0], F_SETOWN, getppid());
}

static int choose_the_signal(void)
{
    return fcntl(t.pipe[0], F_SETSIG, SIGKILL);
}

static int ask_for_signals(void)
{
    return fcntl(t.pipe[0], F_SETFL, O_ASYNC | O_NONBLOCK);
}

static int watch_a_directory(void)
{
    return fcntl(t.fd, F_NOTIFY, DN_MODIFY);
}

static int make_a_file(void)
{
    return opens(t.other, O_WRONLY | O_CREAT | O_EXCL, 0600);
}

static int name_a_file_that_has_none(void)
{
    char self[64];
    int fd = open(t.top, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EOPNOTSUPP ? 0 : -1;
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, self, AT_FDCWD, t.other, AT_SYMLINK_FOLLOW);
}

static int change_what_is_open(void)
{
    if (fchmod(t.fd, 0640) < 0 || fchown(t.fd, (uid_t)-1, getgid()) < 0)
        return -1;
    return futimens(t.fd, NULL);
}

static int use_descriptors(void)
{
    struct flock byte = {.l_type = F_WRLCK, .l_len = 1};
    int copy = fcntl(t.fd, F_DUPFD_CLOEXEC, 0);

    if (copy < 0 || fcntl(t.pipe[0], F_SETFL, O_NONBLOCK) < 0 || fcntl(copy, F_GETFL) < 0)
        return -1;
    return fcntl(copy, F_OFD_SETLK, &byte);
}

static int open_a_path(void)
{
    return opens(t.top, O_PATH, 0);
}

static const struct {
    const char *name;
    int (*attempt)(void);
    int sys; /* why it fails; 0: it works */
} attempts[] = {
    {"an open for nothing", open_for_nothing, EPERM},
    {"a file is emptied", empty_a_file, EPERM},
    {"a file that is read is emptied", empty_a_file_to_read, EPERM},
    {"a program with its owner's rights is made", make_a_program_with_rights, EPERM},
    {"flags that nobody sees", open_by_a_struct, EPERM},
    {"a program gets its group's rights", give_a_program_rights, EPERM},
    {"a file is given away", give_a_file_away, EPERM},
    {"times of a path", change_times_of_a_path, EPERM},
    {"permissions of a path", change_permissions_of_a_path, EPERM},
    {"an attribute", set_an_attribute, EPERM},
    {"whom a descriptor signals", choose_who_is_signalled, EPERM},
    {"which signal", choose_the_signal, EPERM},
    {"that it signals", ask_for_signals, EPERM},
    {"news of a directory", watch_a_directory, EPERM},
    {"a file is made", make_a_file, 0},
    {"a file is named", name_a_file_that_has_none, 0},
    {"permissions, group and times of what is open", change_what_is_open, 0},
    {"locks, copies and flags of descriptors", use_descriptors, 0},
    {"a descriptor of a path", open_a_path, 0},
};

static int confine_wholly(struct li_error *err)
{
    const struct li_confine_path top = {t.top, true};

    return li_confine(&top, 1, err);
}

static int confine_by_filter(struct li_error *err)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return li_filter(true, true, err);
}

/* Waits for CHILD. Returns its exit status. */
static int result_of(pid_t child)
{
    int status = -1;

    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void try_all(int (*confine)(struct li_error *err))
{
    struct li_error err = LI_ERROR_INIT;

    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        pid_t child = fork();

        if (child == 0) {
            if (confine(&err) < 0)
                _exit(255);
            _exit(attempts[i].attempt() == 0 ? 0 : errno);
        }
        print_message("%s\n", attempts[i].name);
        assert_int_equal(result_of(child), attempts[i].sys);
        unlink(t.other);
    }
}

static void attempts_in_an_allowed_directory(void **state)
{
    struct stat st;

    (void)state;
    try_all(confine_wholly);
    assert_int_equal(fstat(t.fd, &st), 0);
    assert_int_equal(st.st_size, 8);
    assert_int_equal(st.st_mode & 07777, 0640);
}

static void attempts_with_the_filter_alone(void **state)
{
    (void)state;
    try_all(confine_by_filter);
}

/* ---- paths that Landlock has no rule for ----------------------------------------------------- */

static int read_from(const char *path)
{
    char byte = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, &byte, 1) == 1 && byte == '+' ? 0 : 1;
}

static void a_pipe_can_be_named(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    char path[64];
    pid_t child;

    (void)state;
    snprintf(path, sizeof(path), "/dev/fd/%d", t.pipe[0]);
    assert_int_equal(write(t.pipe[1], "+", 1), 1);
    child = fork();
    if (child == 0)
        _exit(li_confine(&(struct li_confine_path){path, false}, 1, &err) < 0 ? 2
                                                                              : read_from(path));
    assert_int_equal(result_of(child), 0);
}

/* ---- outputs --------------------------------------------------------------------------------- */

static int write_output(void)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_output *out = NULL;

    if (confine_wholly(&err) < 0 || li_output_open(t.file, 8, &out, &err) < 0)
        return 1;
    return li_output_commit(out, &err) < 0 ? 2 : 0;
}

/* Replaces the file in a process that is confined. Returns its permissions. */
static mode_t replaced(void)
{
    struct stat st;
    pid_t child = fork();

    if (child == 0)
        _exit(write_output());
    assert_int_equal(result_of(child), 0);
    assert_int_equal(stat(t.file, &st), 0);
    return st.st_mode & 07777;
}

/* The group's permissions are kept, unless they are those of an ACL's mask. */
static void an_output_keeps_permissions(void **state)
{
    /* u::rw-, u:65534:r--, g::---, m::r--, o::--- */
    static const uint8_t acl[] = {2, 0,   0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  4,
                                  0, 254, 255, 0,   0,   4,   0,  0, 0,   255, 255, 255, 255, 16, 0,
                                  4, 0,   255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};

    (void)state;
    assert_int_equal(fchmod(t.fd, 0640), 0);
    assert_int_equal(replaced(), 0640);
    if (setxattr(t.file, "system.posix_acl_access", acl, sizeof(acl), 0) < 0) {
        assert_int_equal(errno, EOPNOTSUPP);
        skip();
    }
    assert_int_equal(replaced(), 0600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(attempts_in_an_allowed_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(attempts_with_the_filter_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pipe_can_be_named, setup, teardown),
        cmocka_unit_test_setup_teardown(an_output_keeps_permissions, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
