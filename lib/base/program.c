/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input is complete before the program starts, in a file in memory. So there is no pipe that
 * could be full, or break, while we read what the program prints, and the program may read as much
 * of its input as it likes.
 *
 * The end of a program is found by asking for it, because a signal handler would belong to the
 * process. We do not wait for other processes that hold the pipes open after the program has ended.
 */
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/secret.h"
#include "base/text.h"

enum { NAP = 20 /* milliseconds between two checks for its end */ };

extern char **environ;

/* One of its two outputs. */
struct output {
    int fd; /* our end for reading; -1: closed */
    struct li_buffer text;
};

struct process {
    const struct li_program *program;
    pid_t pid;        /* 0: it ended */
    int status;       /* waitpid's, then */
    int64_t deadline; /* milliseconds of a monotonic clock */
    int in;           /* its standard input; -1: none */
    struct output out, said;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_over(const struct process *process)
{
    return process->program->seconds > 0 && now_ms() >= process->deadline;
}

/* ---- starting -------------------------------------------------------------------------------- */

static bool is_left_out(const char *variable, const char *const *without)
{
    size_t len = strcspn(variable, "=");

    for (; without && *without; without++)
        if (strlen(*without) == len && strncmp(variable, *without, len) == 0)
            return true;
    return false;
}

/* The array is the caller's; its strings are those of our environment. */
static char **environment_without(const char *const *without)
{
    size_t count = 0, kept = 0;
    char **out;

    while (environ && environ[count])
        count++;
    out = calloc(count + 1, sizeof(*out));
    for (size_t i = 0; out && i < count; i++)
        if (!is_left_out(environ[i], without))
            out[kept++] = environ[i];
    return out;
}

/* Default signal mask and signal actions, and a process group. */
static int set_attributes(posix_spawnattr_t *attributes, bool own_group)
{
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t none, defaults;
    int rc;

    sigemptyset(&none);
    sigfillset(&defaults);
    sigdelset(&defaults, SIGKILL);
    sigdelset(&defaults, SIGSTOP);
    rc = posix_spawnattr_setsigmask(attributes, &none);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (rc == 0 && own_group) {
        flags |= POSIX_SPAWN_SETPGROUP;
        rc = posix_spawnattr_setpgroup(attributes, 0);
    }
    return rc == 0 ? posix_spawnattr_setflags(attributes, flags) : rc;
}

/* Ours are close-on-exec; those that we inherited may not be. */
static int set_descriptors(posix_spawn_file_actions_t *actions, const struct process *process,
                           int out, int said)
{
    const char *directory = process->program->directory;
    int rc = process->in < 0
                 ? posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0)
                 : posix_spawn_file_actions_adddup2(actions, process->in, 0);

    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(actions, out, 1);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(actions, said, 2);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(actions, 3);
    if (rc == 0 && directory && access(directory, X_OK) == 0)
        rc = posix_spawn_file_actions_addchdir_np(actions, directory);
    return rc;
}

/* Returns an errno. */
static int spawn(struct process *process, char **environment, int out, int said)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **words = process->program->words;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    rc = set_descriptors(&actions, process, out, said);
    if (rc == 0)
        rc = set_attributes(&attributes, process->program->own_group);
    if (rc == 0)
        rc = posix_spawnp(&process->pid, words[0], &actions, &attributes, words, environment);
    if (rc != 0)
        process->pid = 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static int prepare_input(struct process *process, struct li_error *err)
{
    const struct li_program *program = process->program;

    if (!program->input)
        return 0;
    process->in = memfd_create("input", MFD_CLOEXEC);
    if (process->in < 0)
        return li_fail_errno(err, errno, "cannot make a file in memory");
    return li_pwrite_all(process->in, program->input, program->input_len, 0, err);
}

static void close_pipe_end(int fd)
{
    if (fd >= 0)
        close(fd);
}

static int start(struct process *process, struct li_error *err)
{
    char **environment = environment_without(process->program->without);
    int out[2] = {-1, -1}, said[2] = {-1, -1};
    int rc = environment ? prepare_input(process, err) : li_fail_memory(err);

    if (rc == 0 && (pipe2(out, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC) < 0))
        rc = li_fail_errno(err, errno, "cannot make a pipe");
    if (rc == 0) {
        int sys = spawn(process, environment, out[1], said[1]);

        if (sys != 0)
            rc = li_fail_errno(err, sys, "cannot run %.200s", process->program->words[0]);
    }
    close_pipe_end(out[1]);
    close_pipe_end(said[1]);
    process->out.fd = out[0];
    process->said.fd = said[0];
    free(environment);
    return rc;
}

/* ---- waiting for its end --------------------------------------------------------------------- */

static void close_output(struct output *output)
{
    close_pipe_end(output->fd);
    output->fd = -1;
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
    if (n > 0 && output->text.len + (size_t)n > LI_PROGRAM_OUTPUT_MAX)
        rc = li_fail(err, LI_ELIMIT, "the program printed more than %d bytes",
                     LI_PROGRAM_OUTPUT_MAX);
    else if (n > 0)
        rc = li_buffer_append(&output->text, piece, (size_t)n, err);
    li_wipe(piece, sizeof(piece));
    return rc;
}

static int too_slow(const struct process *process, struct li_error *err)
{
    return li_fail(err, LI_ENETWORK, "the program did not end within %u second%s",
                   process->program->seconds, li_text_s(process->program->seconds));
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
        int ready = poll(fds, 2, ended ? 0 : NAP);

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
        if (rc == 0 && is_over(process))
            rc = too_slow(process, err);
    }
    return rc;
}

static int reap(struct process *process, struct li_error *err)
{
    const struct timespec nap = {0, NAP * 1000000L};
    int rc = look_whether_ended(process, err);

    while (rc == 0 && process->pid > 0) {
        if (is_over(process))
            return too_slow(process, err);
        nanosleep(&nap, NULL);
        rc = look_whether_ended(process, err);
    }
    return rc;
}

/* Whatever is left of its group is killed, too: nobody would read what it prints. */
static void end_process(struct process *process)
{
    if (process->pid <= 0)
        return;
    kill(process->program->own_group ? -process->pid : process->pid, SIGKILL);
    waitpid(process->pid, NULL, 0);
    process->pid = 0;
}

/* ---- what it said ---------------------------------------------------------------------------- */

/* Cuts what is white space at the end of TEXT, LEN bytes, and the last line off it: *START is where
 * that begins. Returns the length without the space. */
static size_t last_line(const char *text, size_t len, size_t *start)
{
    while (len > 0 && strchr(" \t\r\n", text[len - 1]))
        len--;
    *start = len;
    while (*start > 0 && text[*start - 1] != '\n')
        --*start;
    return len;
}

/* Its last line for our message, with ": " before it; "" if it said nothing. */
static const char *last_words(const struct output *said, char text[LI_PROGRAM_SAID_MAX + 3])
{
    const char *data = (const char *)said->text.data;
    size_t start, end = last_line(data, said->text.len, &start);

    text[0] = '\0';
    if (end - start > LI_PROGRAM_SAID_MAX)
        end = start + LI_PROGRAM_SAID_MAX;
    if (end > start) {
        memcpy(text, ": ", 2);
        memcpy(text + 2, data + start, end - start);
        text[2 + end - start] = '\0';
    }
    return text;
}

static void pass_on_line(const struct li_program *program, const char *line, size_t len)
{
    char *text = strndup(line, len);

    if (!text)
        return;
    li_text_show(text);
    if (*text)
        program->notice(program->notice_arg, text);
    li_wipe(text, strlen(text));
    free(text);
}

/* Passes on its lines, but not the last one if that is in our message. */
static void pass_on(const struct process *process, bool failed)
{
    const char *at = (const char *)process->said.text.data, *end;
    size_t start, len = last_line(at, process->said.text.len, &start);

    if (!process->program->notice || len == 0)
        return;
    for (end = at + (failed ? start : len); at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t line = newline ? (size_t)(newline - at) : (size_t)(end - at);

        pass_on_line(process->program, at, line);
        at += newline ? line + 1 : line;
    }
}

static int judge(const struct process *process, struct li_error *err)
{
    char text[LI_PROGRAM_SAID_MAX + 3];
    int status = process->status, code = LI_EDENIED;

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == LI_PROGRAM_TRY_LATER)
        code = LI_ENETWORK;
    if (WIFEXITED(status))
        return li_fail(err, code, "the program ended with exit status %d%s", WEXITSTATUS(status),
                       last_words(&process->said, text));
    return li_fail(err, LI_EIO, "the program was ended by signal %d%s", WTERMSIG(status),
                   last_words(&process->said, text));
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Overwrites the input, and closes it. */
static void close_input(struct process *process)
{
    static const uint8_t zeros[4096];
    struct li_error ignored = LI_ERROR_INIT;
    size_t len = process->program->input_len;

    if (process->in < 0)
        return;
    for (size_t at = 0; at < len; at += sizeof(zeros))
        (void)li_pwrite_all(process->in, zeros, len - at < sizeof(zeros) ? len - at : sizeof(zeros),
                            at, &ignored);
    close(process->in);
}

int li_program_run(const struct li_program *program, struct li_buffer *out, struct li_error *err)
{
    struct process process = {
        .program = program,
        .in = -1,
        .out = {.fd = -1, .text.wiped = true},
        .said = {.fd = -1, .text.wiped = true},
        .deadline = now_ms() + (int64_t)program->seconds * 1000,
    };
    bool ended;
    int rc = start(&process, err);

    if (rc == 0)
        rc = drain(&process, err);
    if (rc == 0)
        rc = reap(&process, err);
    ended = rc == 0;
    if (ended)
        rc = judge(&process, err);
    pass_on(&process, ended && rc < 0);
    end_process(&process);
    close_output(&process.out);
    close_output(&process.said);
    close_input(&process);
    li_buffer_wipe_free(&process.said.text);
    li_buffer_wipe_free(out);
    *out = process.out.text;
    return rc;
}
