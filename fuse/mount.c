/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a mount: options, session, loop, unmount. Whatever ends the loop, the mount goes.
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

int li_fuse_fail(struct li_error *err, int code, const char *what)
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

void li_fuse_listen(void)
{
    fuse_words.last[0] = '\0';
    fuse_words.whole = true;
    fuse_set_log_func(keep_words);
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

int li_fuse_session(struct li_served *served, struct fuse_session **out, struct li_error *err)
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
        rc = li_fuse_fail(err, LI_EINVALID, "the options are not accepted");
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

/* Serves DEVICE, which is closed. */
static int serve_device(struct li_served *served, int device, struct li_signals *signals,
                        struct li_error *err)
{
    struct fuse_session *session = NULL;
    char path[32];
    int rc = li_fuse_session(served, &session, err);

    if (rc < 0) {
        close(device);
        return rc;
    }
    snprintf(path, sizeof(path), "/dev/fd/%d", device);
    if (fuse_session_mount(session, path) < 0)
        rc = li_fuse_fail(err, LI_EIO, "the kernel's requests cannot be received");
    else
        rc = serve(session, served->options, signals, err);
    fuse_session_destroy(session);
    return rc;
}

static int mount_and_serve(struct li_served *served, struct li_signals *signals,
                           struct li_error *err)
{
    const struct li_mount_options *options = served->options;
    struct li_error ignored = LI_ERROR_INIT;
    struct li_fuse_attached *own = NULL;
    int device = -1;
    int rc = options->attach ? options->attach(options->attach_arg, &device, err)
                             : li_fuse_attach(options, &own, err);

    if (rc < 0)
        return rc;
    if (own)
        device = dup(li_fuse_device(own));
    if (device < 0)
        rc = li_fail_errno(err, errno, "the kernel's requests cannot be received");
    else
        rc = serve_device(served, device, signals, err);
    if (own)
        li_fuse_detach(own);
    else if (rc == 0)
        rc = options->detach(options->attach_arg, err);
    else
        (void)options->detach(options->attach_arg, &ignored);
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
    li_fuse_listen();
    li_signals_block(&signals);
    rc = mount_and_serve(&served, &signals, err);
    li_signals_restore(&signals);
    fuse_set_log_func(NULL);
    return rc;
}
