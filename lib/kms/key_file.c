/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new key is written under a temporary name and then moved to its place without replacing
 * anything. So if several processes begin at once, one wins and the others find its key, and nobody
 * ever reads half a key. A process that is killed in between leaves a file of mode 0600 beside the
 * place, which nobody uses.
 *
 * The text of a key is only on the stack, and is wiped.
 */
#include "kms/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/io.h"
#include "base/regular.h"

enum {
    PREFIX_SIZE = 16,
    KEY_FILE_SIZE = PREFIX_SIZE + 2 * LI_SECRET_SIZE + 1, /* prefix, digits, newline */
};

static const char prefix[PREFIX_SIZE + 1] = "lambdaimg-key-1 ";

/* TEXT has KEY_FILE_SIZE + 1 bytes. */
static void put_key_text(const struct li_secret *key, char *text)
{
    memcpy(text, prefix, PREFIX_SIZE);
    li_hex_encode(key->bytes, sizeof(key->bytes), text + PREFIX_SIZE);
    text[KEY_FILE_SIZE - 1] = '\n';
    text[KEY_FILE_SIZE] = '\0';
}

static int get_key_text(char *text, struct li_secret *key)
{
    if (memcmp(text, prefix, PREFIX_SIZE) != 0 || text[KEY_FILE_SIZE - 1] != '\n')
        return LI_EINVALID;
    text[KEY_FILE_SIZE - 1] = '\0';
    return li_hex_decode(text + PREFIX_SIZE, key->bytes, sizeof(key->bytes));
}

static int not_a_key_file(const char *path, struct li_error *err)
{
    return li_fail(err, LI_ECORRUPT, "%s is not a lambdaimg key file", path);
}

static int check_key_file(const struct stat *st, const char *path, struct li_error *err)
{
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return li_fail(err, LI_EDENIED,
                       "the key file %s belongs to another user (uid %u), who could replace it",
                       path, (unsigned)st->st_uid);
    if (st->st_mode & 077)
        return li_fail(err, LI_EDENIED, "others can read or write the key file %s: chmod 600 %s",
                       path, path);
    if (st->st_size != KEY_FILE_SIZE)
        return not_a_key_file(path, err);
    return 0;
}

static int read_key(int fd, const char *path, struct li_secret *key, struct li_error *err)
{
    char text[KEY_FILE_SIZE + 1];
    int rc = li_pread_all(fd, text, KEY_FILE_SIZE, 0, err);

    if (rc < 0)
        li_context(err, "the key file %s", path);
    else if (get_key_text(text, key) < 0)
        rc = not_a_key_file(path, err);
    li_wipe(text, sizeof(text));
    return rc;
}

static int open_key_file(const char *path, int *fd, struct stat *st, struct li_error *err)
{
    int got = li_open_regular(AT_FDCWD, path, O_RDONLY, st);

    if (got < 0 && (errno == ENOENT || errno == ENOTDIR))
        return li_fail(err, LI_ENOTFOUND,
                       "there is no key file at %s: make one with `lambdaimg init`, or say where "
                       "it is with --kms file:PATH",
                       path);
    if (got < 0 && errno == ENODEV)
        return li_fail(err, LI_EINVALID, "the key file %s is not a regular file", path);
    if (got < 0)
        return li_fail_errno(err, errno, "cannot open the key file %s", path);
    *fd = got;
    return 0;
}

int li_key_file_read(const char *path, struct li_secret *key, struct li_error *err)
{
    struct stat st;
    int fd = -1;
    int rc = open_key_file(path, &fd, &st, err);

    if (rc < 0)
        return rc;
    rc = check_key_file(&st, path, err);
    if (rc == 0)
        rc = read_key(fd, path, key, err);
    close(fd);
    return rc;
}

static int make_directories_of(const char *path, struct li_error *err)
{
    char *dir = li_directory_of(path);
    int rc = dir ? li_make_private_directories(dir, err) : li_fail_memory(err);

    free(dir);
    return rc;
}

static int write_key(int fd, const struct li_env *env, struct li_error *err)
{
    struct li_secret key;
    char text[KEY_FILE_SIZE + 1];
    int rc = env->random(key.bytes, sizeof(key.bytes), err);

    if (rc == 0) {
        put_key_text(&key, text);
        rc = li_pwrite_all(fd, text, KEY_FILE_SIZE, 0, err);
    }
    if (rc == 0 && (fchmod(fd, 0600) < 0 || fsync(fd) < 0))
        rc = li_fail_errno(err, errno, "writing");
    li_secret_wipe(&key);
    li_wipe(text, sizeof(text));
    return rc;
}

static int sync_directory_of(const char *path, struct li_error *err)
{
    char *dir = li_directory_of(path);
    int rc = dir ? li_sync_directory(dir, err) : li_fail_memory(err);

    free(dir);
    return rc;
}

/* Moves the finished file to its place. A symbolic link to nowhere is in the way, but is not a key:
 * "there is one" would only postpone the failure. */
static int publish(const char *temporary, const char *path, struct li_error *err)
{
    int rc = li_move_where_absent(AT_FDCWD, temporary, AT_FDCWD, path, err);

    if (rc == 0)
        return sync_directory_of(path, err);
    if (rc < 0)
        return li_context(err, "the key file %s", path);
    if (access(path, F_OK) < 0)
        return li_fail(err, LI_EINVALID, "%s is a symbolic link that leads nowhere", path);
    return LI_END;
}

static int name_temporary(const char *path, const struct li_env *env, char **out,
                          struct li_error *err)
{
    uint8_t bytes[8];
    char digits[2 * sizeof(bytes) + 1];
    int rc = env->random(bytes, sizeof(bytes), err);

    if (rc < 0)
        return rc;
    li_hex_encode(bytes, sizeof(bytes), digits);
    return asprintf(out, "%s.%s", path, digits) < 0 ? li_fail_memory(err) : 0;
}

int li_key_file_create(const char *path, const struct li_env *env, struct li_error *err)
{
    char *temporary = NULL;
    int fd = -1;
    int rc;

    if (access(path, F_OK) == 0)
        return LI_END;
    rc = make_directories_of(path, err);
    if (rc == 0)
        rc = name_temporary(path, env, &temporary, err);
    if (rc < 0 || !temporary)
        return rc;
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        rc = li_fail_errno(err, errno, "cannot make the key file %s", path);
        goto out;
    }
    rc = write_key(fd, env, err);
    if (rc < 0)
        li_context(err, "cannot write the key file %s", path);
    else
        rc = publish(temporary, path, err);
    unlink(temporary);
out:
    if (fd >= 0)
        close(fd);
    free(temporary);
    return rc;
}
