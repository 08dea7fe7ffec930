/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unmounts from outside, even if the process that served the mount was killed. Every call on such a
 * mount fails, even a query for its type. So the path is resolved only up to the last component,
 * and the table of mounts says what is there.
 *
 * Root unmounts by itself; others run fusermount3, which may do it for them.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuse/internal.h"

/* Seconds. A loader has half of it for fetches under way. */
enum { PATIENCE = 10 };

/* The absolute path of PATH. Its last component is not examined, because it may be a dead mount.
 * OUT has PATH_MAX bytes. */
static int resolve(const char *path, char *out, struct li_error *err)
{
    char *copy = strdup(path), *last, real[PATH_MAX];
    size_t len = strlen(path);
    int rc = 0;

    if (!copy)
        return li_fail_memory(err);
    while (len > 1 && copy[len - 1] == '/')
        copy[--len] = '\0';
    last = strrchr(copy, '/');
    last = last ? last + 1 : copy;
    /* The last component of these is not a name, so it must be examined. */
    if (*last == '\0' || strcmp(last, ".") == 0 || strcmp(last, "..") == 0) {
        if (!realpath(copy, out))
            rc = li_fail_errno(err, errno, "%s", path);
        goto out;
    }
    if (last > copy)
        last[-1] = '\0';
    if (!realpath(last == copy ? "." : *copy ? copy : "/", real))
        rc = li_fail_errno(err, errno, "%s", path);
    else if (snprintf(out, PATH_MAX, "%s/%s", strcmp(real, "/") ? real : "", last) >= PATH_MAX)
        rc = li_fail(err, LI_EINVALID, "%s: the path is too long", path);
out:
    free(copy);
    return rc;
}

/* Decodes \040 and the like in place. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; to++) {
        unsigned value;

        if (from[0] == '\\' && sscanf(from + 1, "%3o", &value) == 1) {
            *to = (char)value;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* The next field of *LINE, which moves past it; NULL after the last. */
static char *cut_field(char **line)
{
    char *field = *line;

    if (!field)
        return NULL;
    *line = strchr(field, ' ');
    if (*line)
        *(*line)++ = '\0';
    return field;
}

/* Reads a line of mountinfo: ids, device, root, mount point, options, a dash, the type. OUT does
 * not change if the line is about another path. */
static void read_line(char *line, const char *path, struct li_mounted *out)
{
    char *rest = strstr(line, " - "), *device, *point;

    if (!rest)
        return;
    *rest = '\0';
    rest += 3;
    cut_field(&line);
    cut_field(&line);
    device = cut_field(&line);
    cut_field(&line);
    point = cut_field(&line);
    if (!device || !point)
        return;
    unescape(point);
    if (strcmp(point, path) != 0)
        return;
    snprintf(out->device, sizeof(out->device), "%s", device);
    out->image = strcmp(cut_field(&rest), LI_FUSE_TYPE) == 0;
}

/* The last line of a path is the topmost mount. */
int li_mounted_at(const char *path, struct li_mounted *out, struct li_error *err)
{
    static const char name[] = "/proc/self/mountinfo";
    FILE *table = fopen(name, "re");
    int sys = table ? 0 : errno;
    char *line = NULL;
    size_t cap = 0;

    *out = (struct li_mounted){0};
    while (table && (errno = 0, getline(&line, &cap, table) > 0))
        read_line(line, path, out);
    if (table && !feof(table))
        sys = errno ? errno : EIO;
    if (table)
        fclose(table);
    free(line);
    if (sys == 0)
        return 0;
    *out = (struct li_mounted){0};
    li_fail_errno(err, sys, "cannot read the list of mounts, %s", name);
    return err->code = LI_EIO;
}

/* Starts ARGV with no signal blocked, whatever this process blocks. It needs nothing of our
 * environment, which may have credentials. Returns an errno. */
static int start_program(const char *const *argv, pid_t *pid)
{
    static char *const nothing[] = {NULL};
    posix_spawnattr_t attributes;
    sigset_t none;
    int sys = posix_spawnattr_init(&attributes);

    if (sys)
        return sys;
    sigemptyset(&none);
    sys = posix_spawnattr_setsigmask(&attributes, &none);
    if (sys == 0)
        sys = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (sys == 0)
        sys = posix_spawnp(pid, argv[0], NULL, &attributes, (char *const *)argv, nothing);
    posix_spawnattr_destroy(&attributes);
    return sys;
}

static int ask_fusermount(const char *path, bool lazy, struct li_error *err)
{
    const char *const argv[] = {
        "fusermount3",      "-u", "-q", lazy ? "-z" : "--", lazy ? "--" : path,
        lazy ? path : NULL, NULL};
    int status = 0;
    pid_t pid;
    int sys = start_program(argv, &pid);

    if (sys)
        return li_fail_errno(err, sys, "cannot run fusermount3");
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return li_fail_errno(err, errno, "waiting for fusermount3");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return li_fail(
            err, LI_EDENIED,
            "fusermount3 did not unmount it: it belongs to another user, or is in use; end what "
            "uses it, or unmount it lazily");
    return 0;
}

int li_fuse_unmount(const char *mountpoint, bool lazy, struct li_error *err)
{
    struct li_loader_watch loader;
    struct li_mounted mounted;
    char path[PATH_MAX];
    int rc = resolve(mountpoint, path, err);

    if (rc < 0)
        return rc;
    rc = li_mounted_at(path, &mounted, err);
    if (rc < 0)
        return rc;
    if (!mounted.image)
        return li_fail(err, LI_ENOTFOUND, "%s: no image is mounted there", mountpoint);
    li_loader_watch(lazy ? NULL : mounted.device, &loader);
    if (geteuid() != 0)
        rc = ask_fusermount(path, lazy, err);
    else if (umount2(path, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) < 0)
        rc = errno == EBUSY
                 ? li_fail(err, LI_EIO, "it is in use; end what uses it, or unmount it lazily")
                 : li_fail_errno(err, errno, "the kernel refused to unmount it");
    li_loader_outwait(&loader, rc < 0 ? 0 : PATIENCE);
    return rc < 0 ? li_context(err, "%s", mountpoint) : 0;
}
