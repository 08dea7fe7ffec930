/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader. It forks before it opens anything, because threads do not survive a fork. The parent
 * waits until the child says that the mount works, or has printed why it does not.
 *
 * The loader forks again, and its child is the broker (D18a): it has the store, and it mounts and
 * unmounts. The loader answers the kernel, parses, and has nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/repeats.h"
#include "base/text.h"
#include "cmd/common/brokered.h"
#include "fuse/fuse.h"
#include "stored/stored.h"

enum {
    MEMORY_MIB_DEFAULT = 64,
    /* A request that waits for a chunk holds a thread, and requests for chunks in memory must be
     * served meanwhile. */
    FUSE_THREADS_LEAST = 64,
    /* Seconds to wait for running fetches when the mount is gone. */
    PATIENCE = 5,
};

/* What the loader asks the broker for. */
enum { ATTACH = BROKER_OWN, DETACH, LEAVE_TERMINAL };

static const struct option_row options[] = {
    {"foreground", 'f', NULL, "stay in the foreground"},
    {"stats", 0, "[FILE]",
     "report what was fetched, at the end and on SIGUSR1: to standard error, or as JSON to FILE"},
    {"memory", 0, "MIB", "keep at most MIB of chunks in memory (default: 64)"},
    CACHE_OPTIONS,
    {"fuse-option", 'o', "OPTIONS", "further FUSE mount options, such as allow_other"},
    {NULL, 0, NULL, NULL},
};

struct mount {
    const struct arguments *args;
    struct li_reference reference;
    char *directory;
    int ready_fd;                      /* the parent listens here; -1 in the foreground */
    int presence;                      /* open in the broker as long as an umount must wait */
    int null;                          /* /dev/null */
    struct li_fuse_attached *attached; /* in the broker */
    FILE *stats;                       /* where reports go; NULL: none */
    struct context context;
    struct li_manifest manifest;
    struct li_diskcache *cache; /* NULL: there is none */
    struct li_stored *stored;
    struct li_repeats failures;
    bool began;       /* the mount has worked */
    atomic_bool lost; /* the broker has ended */
};

static void ending(void *arg)
{
    struct mount *m = arg;

    li_reader_stop(li_stored_reader(m->stored), 0);
}

static void report_json(const struct mount *m, const struct li_reader_stats *s)
{
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "reference", m->args->operand[0],
                  "chunks_total", (json_int_t)s->chunks_total, "chunks_fetched",
                  (json_int_t)s->chunks_fetched, "chunks_cached", (json_int_t)s->chunks_copied,
                  "bytes_fetched", (json_int_t)s->bytes_fetched, "bytes_image",
                  (json_int_t)s->bytes_image, "failures", (json_int_t)s->failures);

    if (json && json_dumpf(json, m->stats, 0) == 0)
        fputc('\n', m->stats);
    json_decref(json);
    fflush(m->stats);
}

/* Writes a line of JSON to a file, or a sentence to standard error. */
static void report(void *arg)
{
    struct mount *m = arg;
    struct li_reader_stats s;
    char fetched[SIZE_TEXT], image[SIZE_TEXT];

    if (!m->stats)
        return;
    li_reader_stats(li_stored_reader(m->stored), &s);
    if (m->stats != stderr) {
        report_json(m, &s);
        return;
    }
    fprintf(
        m->stats,
        "lambdaimg: %s: fetched %llu of %llu chunk%s (%.1f %%), %s, and %llu from the cache; the "
        "image has %s; %llu fetch%s failed\n",
        m->args->operand[0], (unsigned long long)s.chunks_fetched,
        (unsigned long long)s.chunks_total, li_text_s(s.chunks_total),
        s.chunks_total ? 100.0 * (double)s.chunks_fetched / (double)s.chunks_total : 0.0,
        size_text(s.bytes_fetched, fetched), (unsigned long long)s.chunks_copied,
        size_text(s.bytes_image, image), (unsigned long long)s.failures,
        s.failures == 1 ? "" : "es");
    fflush(m->stats);
}

static void tell_untold(const struct mount *m, uint64_t untold)
{
    if (untold)
        fprintf(stderr, "lambdaimg: %s: %llu more request%s failed meanwhile\n",
                m->args->operand[0], (unsigned long long)untold, li_text_s(untold));
}

/* Prints why a read failed, if somebody can read it. */
static void failed(void *arg, const struct li_error *err)
{
    struct mount *m = arg;
    uint64_t untold = 0;

    if (!li_repeats_tell(&m->failures, err, m->context.env.now(), &untold))
        return;
    tell_untold(m, untold);
    fprintf(stderr, "lambdaimg: %s: %s\n", m->args->operand[0], err->text);
}

/* Whether standard error is a file, so that nobody waits for its end. */
static bool keeps_a_log(void)
{
    struct stat st;

    return fstat(2, &st) == 0 && S_ISREG(st.st_mode);
}

static void leave_terminal(const struct mount *m)
{
    if (chdir("/") < 0 || m->null < 0)
        return;
    dup2(m->null, 0);
    dup2(m->null, 1);
    if (m->stats != stderr && !keeps_a_log())
        dup2(m->null, 2);
}

static void ready(void *arg)
{
    struct mount *m = arg;
    struct li_error ignored = LI_ERROR_INIT;

    m->began = true;
    if (m->ready_fd < 0)
        return;
    leave_terminal(m);
    (void)li_broker_ask(m->context.broker, LEAVE_TERMINAL, NULL, &ignored);
    /* A user who interrupts the command does not want the mount. */
    if (write(m->ready_fd, "+", 1) < 0)
        kill(getpid(), SIGTERM);
    close(m->ready_fd);
    m->ready_fd = -1;
}

static struct li_mount_options mount_options(struct mount *m)
{
    return (struct li_mount_options){.mountpoint = m->directory,
                                     .fuse_options = option(m->args, "fuse-option"),
                                     .source = m->args->operand[0]};
}

/* In the broker: mounts, unmounts, or leaves the terminal. */
static int serve_loader(void *arg, unsigned number, int *fd, struct li_error *err)
{
    struct mount *m = arg;
    struct li_mount_options own = mount_options(m);
    int rc = 0;

    own.presence = &m->presence;
    if (number == ATTACH && !m->attached) {
        rc = li_fuse_attach(&own, &m->attached, err);
        if (rc == 0)
            *fd = li_fuse_device(m->attached);
    } else if (number == DETACH) {
        li_fuse_detach(m->attached);
        m->attached = NULL;
    } else if (number == LEAVE_TERMINAL && m->ready_fd >= 0) {
        leave_terminal(m);
        close(m->ready_fd);
        m->ready_fd = -1;
    }
    return rc;
}

static int attach(void *arg, int *device, struct li_error *err)
{
    return li_broker_ask(((struct mount *)arg)->context.broker, ATTACH, device, err);
}

static int detach(void *arg, struct li_error *err)
{
    const struct mount *m = arg;
    int rc = li_broker_ask(m->context.broker, DETACH, NULL, err);

    return rc < 0 ? li_context(err, "it may be mounted still, which lambdaimg umount ends") : 0;
}

/* In the broker: a loader that was killed leaves no mount behind. */
static void detach_orphan(void *arg)
{
    struct mount *m = arg;

    li_fuse_detach(m->attached);
    m->attached = NULL;
}

/* Says once that nothing can be fetched any more. What is in memory or on the disk is still read.
 */
static void lose_broker(void *arg)
{
    struct mount *m = arg;

    if (!atomic_exchange(&m->lost, true))
        fprintf(
            stderr,
            "lambdaimg: %s: the process that reaches the store has ended, so nothing is fetched "
            "any more; unmount it, and mount it again\n",
            m->args->operand[0]);
}

/* The loader can open files of the cache only, and none if there is no cache. */
static int open_repository(struct mount *m, struct li_error *err)
{
    struct brokerage brokerage = {
        .key = WITH_KEY, .own = serve_loader, .over = detach_orphan, .own_arg = m};
    char *directory = NULL;
    int rc = open_cache(m->args, &directory, &m->cache, err);

    if (rc == 0)
        rc = allow(&brokerage.allowed, directory, true, err);
    if (rc == 0)
        rc = open_brokered(m->args, &brokerage, &m->context, err);
    free_allowed(&brokerage.allowed);
    free(directory);
    if (rc == 0)
        rc = open_manifest(&m->context, &m->reference, &m->manifest, err);
    li_manifest_forget_config(&m->manifest);
    return rc;
}

static int open_image(struct mount *m, struct li_error *err)
{
    struct li_stored_options viewing = {.cache = NULL};
    long long memory = MEMORY_MIB_DEFAULT;
    int rc = option_number(m->args, "memory", 4, 1 << 20, &memory, err);

    if (rc == 0)
        rc = store_timeout(m->args, &viewing.reading.deadline, err);
    if (rc == 0)
        rc = open_repository(m, err);
    if (rc < 0)
        return rc;
    viewing.cache = m->cache;
    viewing.reading.workers = m->context.store->width;
    viewing.reading.memory = (uint64_t)memory << 20;
    rc = li_stored_manifest(m->context.repo, &m->manifest, &viewing, &m->stored, err);
    if (rc < 0)
        return rc;
    /* From now on a store that hangs fails reads, and nothing else. So does a broker that ends. */
    stop_watching(&m->context);
    li_broker_on_loss(m->context.broker, lose_broker, m);
    return 0;
}

/* Frees what was opened. A fetch that the store never answers would be waited for for ever, and it
 * uses what is to be freed. In that case the process ends here. */
static void close_image(struct mount *m, int rc, const struct li_error *err)
{
    if (m->stored && !li_reader_stop(li_stored_reader(m->stored), PATIENCE))
        _exit(rc < 0 ? tell(err) : EXIT_DONE);
    li_stored_free(m->stored);
    li_diskcache_free(m->cache);
    li_manifest_free(&m->manifest);
    close_context(&m->context);
}

/* Answers the kernel until the mount ends. */
static int serve_image(struct mount *m, struct li_error *err)
{
    struct li_mount_options serving = mount_options(m);
    int rc;

    serving.threads = m->context.env.threads;
    if (serving.threads < FUSE_THREADS_LEAST)
        serving.threads = FUSE_THREADS_LEAST;
    serving.ready = ready;
    serving.report = report;
    serving.ending = ending;
    serving.failed = failed;
    serving.attach = attach;
    serving.detach = detach;
    serving.ready_arg = serving.report_arg = serving.ending_arg = serving.failed_arg =
        serving.attach_arg = m;
    rc = li_fuse_mount(li_stored_files(m->stored), &serving, err);
    tell_untold(m, li_repeats_untold(&m->failures));
    if (flag(m->args, "stats"))
        report(m);
    return rc;
}

static int serve(struct mount *m, struct li_error *err)
{
    int rc;

    /* If the reader of our output has gone, the mount must not go, too. */
    signal(SIGPIPE, SIG_IGN);
    m->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    rc = open_image(m, err);
    if (rc == 0)
        rc = serve_image(m, err);
    if (rc < 0)
        li_context(err, "%s %s on %s", m->began ? "the mount of" : "cannot mount",
                   m->args->operand[0], m->args->operand[1]);
    close_image(m, rc, err);
    return rc;
}

/* The parent's part. Returns EXIT_DONE, or the exit code of the child, which has printed the
 * reason. */
static int wait_for_child(const char *path, pid_t child, int fd, struct li_error *err)
{
    int status = 0;
    char byte;
    ssize_t n;

    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n == 1)
        return EXIT_DONE;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        return li_fail(err, LI_EIO, "cannot mount on %s: the loader was killed by signal %d", path,
                       WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static int serve_in_background(struct mount *m, struct li_error *err)
{
    int fds[2], code;
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return li_fail_errno(err, errno, "cannot make a pipe");
    fflush(stdout);
    child = fork();
    if (child < 0) {
        code = li_fail_errno(err, errno, "cannot start the loader");
        close(fds[0]);
        close(fds[1]);
        return code;
    }
    if (child > 0) {
        close(fds[1]);
        code = wait_for_child(m->args->operand[1], child, fds[0], err);
        close(fds[0]);
        return code;
    }
    close(fds[0]);
    m->ready_fd = fds[1];
    setsid();
    code = serve(m, err);
    if (m->ready_fd >= 0)
        close(m->ready_fd);
    return code;
}

/* Find the directory before the loader forks, changes its directory, and reads the image in vain.
 */
static int find_directory(struct mount *m, struct li_error *err)
{
    const char *path = m->args->operand[1];
    int rc = li_fuse_mountpoint(path, &m->directory, err);

    return rc < 0 ? li_context(err, "cannot mount on %s", path) : 0;
}

static int check_options(const struct arguments *args, struct li_error *err)
{
    const char *given = option(args, "fuse-option");
    int rc = given ? li_fuse_check_options(given, err) : 0;

    if (rc == LI_EINVALID)
        rc = err->code = CMD_EUSAGE;
    return rc < 0 ? li_context(err, "mount: -o %.200s", given) : 0;
}

static int run(const struct arguments *args, struct li_error *err)
{
    const char *stats = option(args, "stats");
    struct mount m = {
        .args = args, .ready_fd = -1, .presence = -1, .null = -1, .failures = LI_REPEATS_INIT};
    bool foreground = flag(args, "foreground");
    int rc = parse_reference(args->operand[0], &m.reference, err);

    if (rc == 0)
        rc = check_options(args, err);
    if (rc == 0)
        rc = find_directory(&m, err);
    if (rc == 0 && stats && *stats) {
        m.stats = fopen(stats, "ae");
        if (!m.stats)
            rc = li_fail_errno(err, errno, "cannot write to %s", stats);
    } else if (stats || foreground) {
        m.stats = stderr;
    }
    if (rc == 0)
        rc = foreground ? serve(&m, err) : serve_in_background(&m, err);
    if (m.stats && m.stats != stderr)
        fclose(m.stats);
    if (m.null >= 0)
        close(m.null);
    free(m.directory);
    return rc;
}

const struct command command_mount = {
    "mount", "REF DIR", "mount an image; fetch only what is read", 2, 2, options, run,
};
