/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a command writes: whole or not at all, and the user's own. */
#include "tests/fixtures/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/io.h"

static void output_appears_whole_or_not_at_all(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_output *out = NULL;
    char dir[] = "/tmp/unit-output-XXXXXX";
    char path[64];
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/file", dir);

    assert_done(li_output_open(path, 1 << 20, &out, &err), &err);
    assert_done(li_output_write(out, "x", 1, 4096, &err), &err);
    li_output_free(out);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(mkdir(dir, 0700), 0);

    for (int round = 0; round < 2; round++) {
        assert_done(li_output_open(path, 1 << 20, &out, &err), &err);
        assert_done(li_output_write(out, "x", 1, 4096, &err), &err);
        assert_done(li_output_commit(out, &err), &err);
        li_output_free(out);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, 1 << 20);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_fails(li_output_open("/dev/null", 1, &out, &err), LI_EINVALID, "not a regular", &err);
}

static void write_output(const char *path)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_output *out = NULL;

    assert_done(li_output_open(path, 4096, &out, &err), &err);
    assert_done(li_output_commit(out, &err), &err);
    li_output_free(out);
}

static void output_goes_where_a_link_leads(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_output *out = NULL;
    char dir[] = "/tmp/unit-output-XXXXXX";
    char file[64], link[64], lost[64];
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof(file), "%s/file", dir);
    snprintf(link, sizeof(link), "%s/link", dir);
    snprintf(lost, sizeof(lost), "%s/lost", dir);
    assert_int_equal(close(open(file, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(symlink("file", link), 0);
    assert_int_equal(symlink("nowhere", lost), 0);
    write_output(link);
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, 4096);
    assert_fails(li_output_open(lost, 1, &out, &err), LI_EINVALID, "leads nowhere", &err);
    assert_int_equal(unlink(file) | unlink(link) | unlink(lost) | rmdir(dir), 0);
}

/* The permissions of a file of mode MODE, owned by OWNER, once it was replaced. */
static unsigned replaced(const char *path, mode_t mode, uid_t owner)
{
    struct stat st;

    (void)unlink(path);
    assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(chown(path, owner, (gid_t)-1), 0);
    assert_int_equal(chmod(path, mode), 0);
    write_output(path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, geteuid());
    return st.st_mode & 07777;
}

static void output_is_its_owners(void **state)
{
    /* Version 2; rw- for the owner, r-- for user 1, nothing for the group, rw- as the mask. */
    static const uint8_t acl[] = {2, 0, 0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  4,
                                  0, 1, 0,   0,   0,   4,   0,  0, 0,   255, 255, 255, 255, 16, 0,
                                  6, 0, 255, 255, 255, 255, 32, 0, 4,   0,   255, 255, 255, 255};
    char dir[] = "/tmp/unit-output-XXXXXX";
    char path[64];
    mode_t mask = umask(0);
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/file", dir);
    write_output(path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(replaced(path, 0644, geteuid()), 0644);
    assert_int_equal(replaced(path, 0660, geteuid()), 0660);
    assert_int_equal(replaced(path, 04751, geteuid()), 0751);
    assert_int_equal(replaced(path, 0400, geteuid()), 0400);
    if (geteuid() == 0)
        assert_int_equal(replaced(path, 0644, 1), 0600);
    assert_int_equal(chmod(path, 0600), 0);
    if (setxattr(path, "system.posix_acl_access", acl, sizeof(acl), 0) == 0) {
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0664);
        write_output(path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0604);
    }
    umask(mask);
    assert_int_equal(unlink(path) | rmdir(dir), 0);
}

static void output_names_are_refused_early_or_work(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_output *out = NULL;
    char dir[] = "/tmp/unit-output-XXXXXX";
    char path[400];
    int len;

    (void)state;
    assert_non_null(mkdtemp(dir));
    len = snprintf(path, sizeof(path), "%s/", dir);
    memset(path + len, 'n', 256);
    path[len + 255] = '\0';
    write_output(path);
    assert_int_equal(unlink(path), 0);
    memcpy(path + len + 255, "n", 2);
    assert_fails(li_output_open(path, 1, &out, &err), LI_EINVALID, "too long", &err);
    assert_int_equal(rmdir(dir), 0);
    assert_fails(li_output_open("", 1, &out, &err), LI_ENOTFOUND, "\"\"", &err);
}

static size_t count_files(const char *dir)
{
    DIR *d = opendir(dir);
    size_t count = 0;

    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d));)
        count += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    closedir(d);
    return count;
}

static void output_may_be_tried(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    char dir[] = "/tmp/unit-output-XXXXXX";
    char path[64], lost[64];
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/file", dir);
    snprintf(lost, sizeof(lost), "%s/none/file", dir);
    assert_done(li_output_try(path, &err), &err);
    assert_int_equal(count_files(dir), 0);
    write_output(path);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 0);
    assert_done(li_output_try(path, &err), &err);
    assert_fails(li_output_try(lost, &err), LI_ENOTFOUND, "/none: No such file", &err);
    assert_fails(li_output_try(dir, &err), LI_EINVALID, "not a regular file", &err);
    assert_int_equal(count_files(dir), 1);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static int read_byte(const char *path)
{
    FILE *file = fopen(path, "re");
    int byte;

    assert_non_null(file);
    byte = fgetc(file);
    fclose(file);
    return byte;
}

static void output_may_be_new_or_nothing(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_output *first = NULL, *second = NULL;
    char dir[] = "/tmp/unit-output-XXXXXX";
    char path[64];

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/file", dir);
    assert_done(li_output_open(path, 1, &first, &err), &err);
    assert_done(li_output_open(path, 1, &second, &err), &err);
    assert_done(li_output_write(first, "1", 1, 0, &err), &err);
    assert_done(li_output_write(second, "2", 1, 0, &err), &err);
    assert_int_equal(li_output_commit_new(second, &err), 0);
    assert_int_equal(li_output_commit_new(first, &err), LI_END);
    li_output_free(first);
    li_output_free(second);
    assert_int_equal(count_files(dir), 1);
    assert_int_equal(read_byte(path), '2');
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void private_directories_are_private(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    char dir[] = "/tmp/unit-output-XXXXXX";
    char open[64], secret[80];
    mode_t mask = umask(0);
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(open, sizeof(open), "%s/open", dir);
    snprintf(secret, sizeof(secret), "%s/a/secret", open);
    assert_done(li_make_directories(open, &err), &err);
    assert_done(li_make_private_directories(secret, &err), &err);
    assert_done(li_make_private_directories(secret, &err), &err);
    umask(mask);
    assert_int_equal(stat(open, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0777);
    assert_int_equal(stat(secret, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(rmdir(secret), 0);
    *strrchr(secret, '/') = '\0';
    assert_int_equal(stat(secret, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(rmdir(secret) | rmdir(open) | rmdir(dir), 0);
}

static void paths_have_a_directory(void **state)
{
    static const char *const cases[][2] = {
        {"file", "."}, {"", "."}, {"/file", "/"}, {"a/file", "a"}, {"/a/b/", "/a/b"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *dir = li_directory_of(cases[i][0]);

        assert_string_equal(dir, cases[i][1]);
        free(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_appears_whole_or_not_at_all),
        cmocka_unit_test(output_goes_where_a_link_leads),
        cmocka_unit_test(output_is_its_owners),
        cmocka_unit_test(output_names_are_refused_early_or_work),
        cmocka_unit_test(output_may_be_tried),
        cmocka_unit_test(output_may_be_new_or_nothing),
        cmocka_unit_test(private_directories_are_private),
        cmocka_unit_test(paths_have_a_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
