/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential_process: a program of the user's that prints credentials as JSON. There is no shell:
 * the command is split into words, as botocore does. The program gets our environment, no input,
 * and a minute. Its name and arguments may be relative paths, so it runs in the directory that
 * paths in AWS's files are relative to, wherever we are now.
 *
 * If it fails, its standard error becomes part of our message; AWS's documentation asks such
 * programs not to print secrets there. We do not wait for other processes that hold the pipe open
 * after the program has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aws/internal.h"
#include "aws/json.h"
#include "aws/words.h"
#include "base/buffer.h"
#include "base/secret.h"

enum {
    PROCESS_SECONDS = 60,
    PROCESS_NAP = 20, /* milliseconds between two checks for its end */
    SAID_MAX = 200,   /* characters of its standard error in our message */
};

extern char **environ;

/* One of its two outputs. */
struct output {
    int fd; /* our end for reading; -1: closed */
    struct li_buffer text;
};

struct process {
    pid_t pid;        /* 0: it ended */
    int status;       /* waitpid's, then */
    int64_t deadline; /* milliseconds of a monotonic clock */
    struct output out, said;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Gives the program the default signal mask and signal actions. */
static int prepare_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;
    int rc;

    sigemptyset(&none);
    sigfillset(&defaults);
    sigdelset(&defaults, SIGKILL);
    sigdelset(&defaults, SIGSTOP);
    rc = posix_spawnattr_setsigmask(attributes, &none);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return rc;
}

/* All our descriptors are close-on-exec. If DIRECTORY no longer exists, which does not matter to
 * most commands, the program runs in our directory. Returns an errno. */
static int spawn(char **words, const char *directory, int out, int said, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&actions, said, 2);
    if (rc == 0 && directory && access(directory, X_OK) == 0)
        rc = posix_spawn_file_actions_addchdir_np(&actions, directory);
    if (rc == 0)
        rc = prepare_signals(&attributes);
    if (rc == 0)
        rc = posix_spawnp(pid, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static void close_output(struct output *output)
{
    if (output->fd >= 0)
        close(output->fd);
    output->fd = -1;
}

static int start(char **words, const char *directory, struct process *process, struct li_error *err)
{
    int out[2] = {-1, -1}, said[2] = {-1, -1};
    int rc = 0;

    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC) < 0)
        rc = li_fail_errno(err, errno, "cannot make a pipe");
    if (rc == 0) {
        int sys = spawn(words, directory, out[1], said[1], &process->pid);

        if (sys != 0) {
            process->pid = 0;
            rc = li_fail_errno(err, sys, "cannot run %.200s", words[0]);
        }
    }
    if (out[1] >= 0)
        close(out[1]);
    if (said[1] >= 0)
        close(said[1]);
    process->out.fd = out[0];
    process->said.fd = said[0];
    return rc;
}

/* Reads what is there. */
static int take(struct output *output, struct li_error *err)
{
    uint8_t piece[4096];
    ssize_t n = read(output->fd, piece, sizeof(piece));
    int rc = 0;

    if (n < 0 && errno != EINTR && errno != EAGAIN)
        return li_fail_errno(err, errno, "reading what the program prints");
    if (n == 0)
        close_output(output);
    if (n > 0 && output->text.len + (size_t)n > LI_AWS_REPLY_MAX)
        rc = li_fail(err, LI_ELIMIT, "the program printed more than %d bytes", LI_AWS_REPLY_MAX);
    else if (n > 0)
        rc = li_buffer_append(&output->text, piece, (size_t)n, err);
    li_wipe(piece, sizeof(piece));
    return rc;
}

static int too_slow(struct li_error *err)
{
    return li_fail(err, LI_ENETWORK, "the program did not end within %d seconds", PROCESS_SECONDS);
}

static int look_whether_ended(struct process *process, struct li_error *err)
{
    pid_t got = process->pid > 0 ? waitpid(process->pid, &process->status, WNOHANG) : 0;

    if (got < 0 && errno != EINTR)
        return li_fail_errno(err, errno, "waiting for the program");
    if (got > 0)
        process->pid = 0;
    return 0;
}

/* Reads until both outputs have ended, or the program has ended and nothing is left to read. */
static int drain(struct process *process, struct li_error *err)
{
    int rc = 0;

    while (rc == 0 && (process->out.fd >= 0 || process->said.fd >= 0)) {
        struct pollfd fds[2] = {{process->out.fd, POLLIN, 0}, {process->said.fd, POLLIN, 0}};
        bool ended = process->pid == 0;
        int ready = poll(fds, 2, ended ? 0 : PROCESS_NAP);

        if (ready < 0 && errno != EINTR)
            return li_fail_errno(err, errno, "waiting for the program");
        if (ready == 0 && ended)
            return 0;
        if (ready > 0 && fds[0].revents)
            rc = take(&process->out, err);
        if (rc == 0 && ready > 0 && fds[1].revents)
            rc = take(&process->said, err);
        if (rc == 0 && ready == 0)
            rc = look_whether_ended(process, err);
        if (rc == 0 && now_ms() >= process->deadline)
            rc = too_slow(err);
    }
    return rc;
}

static int reap(struct process *process, struct li_error *err)
{
    const struct timespec nap = {0, PROCESS_NAP * 1000000L};
    int rc = look_whether_ended(process, err);

    while (rc == 0 && process->pid > 0) {
        if (now_ms() >= process->deadline)
            return too_slow(err);
        nanosleep(&nap, NULL);
        rc = look_whether_ended(process, err);
    }
    return rc;
}

/* The last line of its standard error, for our message. */
static const char *last_words(struct output *said, char text[SAID_MAX + 3])
{
    const char *data = (const char *)said->text.data;
    size_t end = said->text.len, start;

    while (end > 0 && strchr(" \t\r\n", data[end - 1]))
        end--;
    for (start = end; start > 0 && data[start - 1] != '\n';)
        start--;
    if (end - start > SAID_MAX)
        end = start + SAID_MAX;
    text[0] = '\0';
    if (end > start) {
        memcpy(text, ": ", 2);
        memcpy(text + 2, data + start, end - start);
        text[2 + end - start] = '\0';
    }
    return text;
}

static int judge(int status, struct output *said, struct li_error *err)
{
    char text[SAID_MAX + 3];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status))
        return li_fail(err, LI_EDENIED, "the program ended with exit status %d%s",
                       WEXITSTATUS(status), last_words(said, text));
    return li_fail(err, LI_EDENIED, "the program was ended by signal %d%s", WTERMSIG(status),
                   last_words(said, text));
}

static int run(char **words, const char *directory, struct li_buffer *printed, struct li_error *err)
{
    struct process process = {
        .out = {.fd = -1, .text.wiped = true},
        .said = {.fd = -1, .text.wiped = true},
        .deadline = now_ms() + PROCESS_SECONDS * 1000,
    };
    int rc = start(words, directory, &process, err);

    if (rc == 0)
        rc = drain(&process, err);
    if (rc == 0)
        rc = reap(&process, err);
    if (rc == 0)
        rc = judge(process.status, &process.said, err);
    if (process.pid > 0) {
        kill(process.pid, SIGKILL);
        waitpid(process.pid, NULL, 0);
    }
    close_output(&process.out);
    close_output(&process.said);
    li_buffer_wipe_free(&process.said.text);
    *printed = process.out.text;
    return rc;
}

static int parse(const struct li_buffer *printed, struct li_aws_credentials *out,
                 struct li_error *err)
{
    static const struct li_aws_json_names names = {"SessionToken", "Expiration"};
    json_t *object = NULL;
    int rc =
        li_aws_json_parse("what the program printed", printed->data, printed->len, &object, err);

    if (rc < 0)
        return rc;
    if (json_integer_value(json_object_get(object, "Version")) != 1)
        rc = li_fail(err, LI_EUNSUPPORTED, "what the program printed has no \"Version\": 1");
    if (rc == 0)
        rc = li_aws_json_credentials(object, &names, out, err);
    li_aws_json_free(object);
    return rc;
}

int li_aws_from_process(const struct li_aws_search *search, const char *command,
                        struct li_aws_credentials *out, struct li_error *err)
{
    struct li_buffer printed = {0};
    char **words = NULL;
    int rc = li_aws_words_split(command, &words, err);

    if (rc == 0 && !words[0])
        rc = li_fail(err, LI_EINVALID, "the command is empty");
    if (rc == 0)
        rc = run(words, search->settings->directory, &printed, err);
    if (rc == 0)
        rc = parse(&printed, out, err);
    if (rc == 0 && out->expires <= search->env->now())
        rc = li_fail(err, LI_EDENIED, "the credentials that the program printed are expired");
    li_buffer_wipe_free(&printed);
    li_aws_words_free(words);
    return rc;
}
