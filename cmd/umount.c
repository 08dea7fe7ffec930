/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends a mount, also one whose loader is dead: its directory cannot be looked into, so the path is
 * resolved without touching its last component, and the kernel's table says what is mounted there.
 */
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/command.h"

extern char **environ;

static const struct option_row options[] = {
    {"lazy", 'l', NULL, "detach now, end when the last user is gone"},
    {NULL, 0, NULL, NULL},
};

/* The directory's path as the kernel's table has it; the caller frees it. */
static int resolve(const char *path, char **out, struct li_error *err)
{
    char *copy = realpath(path, NULL), *parent = NULL, *slash;
    const char *name;

    if (copy || errno != ENOTCONN) {
        if (!copy)
            return li_fail_errno(err, errno, "%s", path);
        *out = copy;
        return 0;
    }
    copy = strdup(path);
    if (!copy)
        return li_fail_memory(err);
    while (strlen(copy) > 1 && copy[strlen(copy) - 1] == '/')
        copy[strlen(copy) - 1] = '\0';
    slash = strrchr(copy, '/');
    name = slash ? slash + 1 : copy;
    if (slash)
        *slash = '\0';
    parent = realpath(slash ? (slash == copy ? "/" : copy) : ".", NULL);
    if (!parent)
        li_fail_errno(err, errno, "%s", path);
    else if (asprintf(out, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name) < 0)
        li_fail_memory(err);
    free(parent);
    free(copy);
    return err->code;
}

/* Spaces and the like are written as backslash and three octal digits. */
static void unescape(char *text)
{
    char *to = text;

    for (; *text; text++, to++) {
        if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
            *to = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
            text += 3;
        } else {
            *to = *text;
        }
    }
    *to = '\0';
}

/* Whether the last mount at PATH is ours. */
static bool is_ours(const char *path)
{
    FILE *table = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t cap = 0;
    bool ours = false;

    while (table && getline(&line, &cap, table) > 0) {
        char *dash = strstr(line, " - "), *save = NULL, *field = NULL;

        if (!dash)
            continue;
        *dash = '\0';
        field = strtok_r(line, " ", &save);
        for (int i = 0; i < 4 && field; i++)
            field = strtok_r(NULL, " ", &save);
        if (!field)
            continue;
        unescape(field);
        if (strcmp(field, path) == 0)
            ours = strncmp(dash + 3, "fuse.lambdaimg ", 15) == 0;
    }
    free(line);
    if (table)
        fclose(table);
    return ours;
}

static int by_fusermount(const char *path, bool lazy, struct li_error *err)
{
    char *argv[] = {(char *)"fusermount3", (char *)(lazy ? "-uz" : "-u"), (char *)"-q",
                    (char *)"--",          (char *)(uintptr_t)path,       NULL};
    int status = 0;
    pid_t pid;
    int sys = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);

    if (sys != 0)
        return li_fail_errno(err, sys, "cannot run fusermount3 (Debian's package fuse3)");
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return li_fail(err, LI_EIO,
                   "fusermount3 refuses: it is in use, or another user's; end what uses it, or add "
                   "--lazy");
}

static int unmount(const char *path, bool lazy, struct li_error *err)
{
    if (geteuid() != 0)
        return by_fusermount(path, lazy, err);
    if (umount2(path, lazy ? MNT_DETACH | UMOUNT_NOFOLLOW : UMOUNT_NOFOLLOW) == 0)
        return 0;
    if (errno == EBUSY)
        return li_fail(err, LI_EIO, "it is in use; end what uses it, or add --lazy");
    return li_fail_errno(err, errno, "the kernel refuses");
}

static int run(const struct arguments *args, struct li_error *err)
{
    char *path = NULL;
    int rc = resolve(args->operand[0], &path, err);

    if (rc == 0 && !is_ours(path))
        rc = li_fail(err, LI_EINVALID, "lambdaimg has mounted nothing there");
    if (rc == 0)
        rc = unmount(path, flag(args, "lazy"), err);
    if (rc < 0)
        li_context(err, "cannot unmount %s", args->operand[0]);
    free(path);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_umount = {
    "umount", "DIR", "end a mount", 1, 1, options, run,
};
