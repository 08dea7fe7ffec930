/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a mount: options, session, loop, unmount. Whatever ends the loop, the mount goes:
 * libfuse unmounts lazily, so a busy mount leaves the tree of names at once and its users get
 * errors. libfuse may be mistaken only if the connection was aborted, because it then believes that
 * the mount is gone already; hence the second look.
 *
 * libfuse prints its reasons. We catch them, and the last one becomes the error's text. libfuse has
 * one log for the process, so this file has the only variable of the program that is not on a
 * stack.
 */
#include <errno.h>
#include <fuse_log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fuse/internal.h"

static struct {
    pthread_mutex_t lock;
    char last[256]; /* the last line, or what has come of it */
    bool whole;     /* the line is complete: the next words begin another */
} fuse_words = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep_words(enum fuse_log_level level, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void keep_words(enum fuse_log_level level, const char *fmt, va_list ap)
{
    size_t len;

    if (level > FUSE_LOG_WARNING)
        return;
    pthread_mutex_lock(&fuse_words.lock);
    len = fuse_words.whole ? 0 : strlen(fuse_words.last);
    vsnprintf(fuse_words.last + len, sizeof(fuse_words.last) - len, fmt, ap);
    len = strcspn(fuse_words.last, "\n");
    fuse_words.whole = fuse_words.last[len] == '\n';
    fuse_words.last[len] = '\0';
    pthread_mutex_unlock(&fuse_words.lock);
}

/* The failed step and libfuse's last words. */
static int fail_fuse(struct li_error *err, int code, const char *what)
{
    static const char prefix[] = "fuse: ";
    const char *words = fuse_words.last;

    pthread_mutex_lock(&fuse_words.lock);
    if (strncmp(words, prefix, sizeof(prefix) - 1) == 0)
        words += sizeof(prefix) - 1;
    li_fail(err, code, "%s%s%s", what, *words ? ": " : "", words);
    pthread_mutex_unlock(&fuse_words.lock);
    return code;
}

int li_fuse_mountpoint(const char *directory, char **out, struct li_error *err)
{
    char *path = realpath(directory, NULL);
    struct statvfs fs;
    struct stat st;
    int rc = 0;

    /* The kernel may remember what a dead loader said about the directory, but not about the file
     * system. */
    if ((!path || statvfs(path, &fs) < 0) && errno == ENOTCONN)
        rc = li_fail(err, LI_EIO,
                     "a loader that died is still mounted there; run lambdaimg umount %s first",
                     directory);
    else if (!path || stat(path, &st) < 0)
        rc = li_fail_errno(err, errno, "it cannot be found");
    else if (!S_ISDIR(st.st_mode))
        rc = li_fail(err, LI_EINVALID, "it is not a directory");
    if (rc < 0)
        free(path);
    else
        *out = path;
    return rc;
}

/* The user's options come after ours, so "suid" and "dev" win where root asks for them. */
static bool add_options(char **to, const struct li_mount_options *options)
{
    static const char *const all[] = {"default_permissions", "nosuid", "nodev", LI_FUSE_SUBTYPE};
    char *name = NULL;
    int bad = 0;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        bad |= fuse_opt_add_opt(to, all[i]);
    if (geteuid() == 0)
        bad |= fuse_opt_add_opt(to, "allow_other");
    if (asprintf(&name, "fsname=%s", options->source) < 0)
        return false;
    /* A comma in the reference must not begin another option. */
    bad |= fuse_opt_add_opt_escaped(to, name);
    free(name);
    if (options->fuse_options)
        bad |= fuse_opt_add_opt(to, options->fuse_options);
    /* The last of "ro" and "rw" counts. */
    bad |= fuse_opt_add_opt(to, "ro");
    return bad == 0;
}

static int new_session(struct li_served *served, struct fuse_session **out, struct li_error *err)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    char *list = NULL;
    int rc = 0;

    if (!add_options(&list, served->options) || fuse_opt_add_arg(&args, "lambdaimg") ||
        fuse_opt_add_arg(&args, "-o") || fuse_opt_add_arg(&args, list)) {
        rc = li_fail_memory(err);
        goto out;
    }
    *out = fuse_session_new(&args, served->operations, sizeof(*served->operations), served);
    if (!*out)
        rc = fail_fuse(err, LI_EINVALID, "the options are not accepted");
out:
    free(list);
    fuse_opt_free_args(&args);
    return rc;
}

static int run_loop(struct fuse_session *session, unsigned threads, struct li_error *err)
{
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    int result;

    if (!config)
        return li_fail_memory(err);
    fuse_loop_cfg_set_max_threads(config, threads);
    result = fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    if (result < 0)
        return li_fail_errno(err, -result, "the kernel's requests could not be served");
    return 0;
}

static int serve(struct fuse_session *session, const struct li_mount_options *options,
                 struct li_signals *signals, struct li_error *err)
{
    int rc = li_signals_start(signals, session, options, err);

    if (rc < 0)
        return rc;
    rc = run_loop(session, options->threads, err);
    li_signals_stop(signals);
    return rc;
}

/* Serves the mount at PATH, and makes sure that it is gone afterwards. */
static int serve_mounted(struct fuse_session *session, const char *path,
                         const struct li_mount_options *options, struct li_signals *signals,
                         struct li_error *err)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_mounted before, after;
    int rc;

    (void)li_mounted_at(path, &before, &ignored);
    if (options->presence && before.image)
        *options->presence = li_loader_announce(before.device);
    rc = serve(session, options, signals, err);
    fuse_session_unmount(session);
    (void)li_mounted_at(path, &after, &ignored);
    if (after.image && strcmp(before.device, after.device) == 0)
        li_fuse_unmount(path, true, &ignored);
    return rc;
}

/* A second mount would hide the first, and a signal to either would unmount both, because only the
 * path identifies them. */
static int check_vacant(const char *path, struct li_error *err)
{
    struct li_mounted there;
    int rc = li_mounted_at(path, &there, err);

    if (rc == 0 && there.image)
        rc = li_fail(err, LI_EINVALID,
                     "an image is mounted there already; run lambdaimg umount first, or take "
                     "another directory");
    return rc;
}

static int mount_and_serve(struct li_served *served, struct li_signals *signals,
                           struct li_error *err)
{
    struct fuse_session *session = NULL;
    const char *path = served->options->mountpoint;
    int rc = check_vacant(path, err);

    if (rc == 0)
        rc = new_session(served, &session, err);
    if (rc < 0)
        return rc;
    if (fuse_session_mount(session, path) < 0)
        rc = fail_fuse(err, LI_EIO,
                       geteuid() == 0 ? "it could not be mounted"
                                      : "fusermount3 could not mount it");
    else
        rc = serve_mounted(session, path, served->options, signals, err);
    fuse_session_destroy(session);
    return rc;
}

int li_fuse_mount(struct li_files *files, const struct li_mount_options *options,
                  struct li_error *err)
{
    struct li_served served = {
        .operations = &li_fuse_tree_operations, .files = files, .options = options};
    struct li_signals signals;
    int rc;

    if (options->presence)
        *options->presence = -1;
    if (options->threads == 0)
        return li_fail(err, LI_EINVALID, "a mount needs at least one thread");
    fuse_words.last[0] = '\0';
    fuse_words.whole = true;
    fuse_set_log_func(keep_words);
    li_signals_block(&signals);
    rc = mount_and_serve(&served, &signals, err);
    li_signals_restore(&signals);
    fuse_set_log_func(NULL);
    return rc;
}
