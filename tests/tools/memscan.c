/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memscan FILE PID: prints the names of the secrets in FILE (of secrets) that are in the memory of
 * a process, in the order of FILE, on one line. memscan FILE PROGRAM [ARGUMENT...]: runs the
 * program, with its standard output in /dev/null, and looks when it ends: after all of its code,
 * and before its memory is gone. Exits as it did.
 *
 * For root: the program lets nobody else look. A secret is found if it lies in one piece; one that
 * a register or the kernel still holds is not seen.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECRETS_MAX = 32, SECRET_MAX = 256, PIECE = 1 << 20, LINE = 4096 };

struct secret {
    char name[32];
    size_t len;
    unsigned char bytes[SECRET_MAX];
    bool found;
};

static struct secret secrets[SECRETS_MAX];
static size_t count;

static void fail(const char *what)
{
    fprintf(stderr, "memscan: %s: %s\n", what, strerror(errno));
    exit(125);
}

static void read_secret(struct secret *secret, const char *line)
{
    char hex[2 * SECRET_MAX + 1];

    if (sscanf(line, "%31s %512s", secret->name, hex) != 2)
        fail(line);
    for (; hex[2 * secret->len]; secret->len++)
        if (sscanf(hex + 2 * secret->len, "%2hhx", &secret->bytes[secret->len]) != 1)
            fail(line);
}

static void read_secrets(const char *path)
{
    char line[LINE];
    FILE *file = fopen(path, "re");

    if (!file)
        fail(path);
    while (count < SECRETS_MAX && fgets(line, sizeof(line), file))
        read_secret(&secrets[count++], line);
    fclose(file);
}

static void look(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < count; i++)
        secrets[i].found |= memmem(bytes, len, secrets[i].bytes, secrets[i].len) != NULL;
}

/* Pieces overlap, for a secret at their border. What cannot be read has nothing of the program. */
static void look_at_mapping(int memory, uint64_t begin, uint64_t end)
{
    static unsigned char piece[PIECE + SECRET_MAX];

    for (; begin < end; begin += PIECE) {
        size_t want = end - begin < sizeof(piece) ? (size_t)(end - begin) : sizeof(piece);
        ssize_t got = pread(memory, piece, want, (off_t)begin);

        if (got > 0)
            look(piece, (size_t)got);
    }
}

static void look_at_process(pid_t pid)
{
    char path[64], line[LINE];
    uint64_t begin, end;
    FILE *maps;
    int memory;

    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    maps = fopen(path, "re");
    if (!maps)
        fail(path);
    snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    memory = open(path, O_RDONLY | O_CLOEXEC);
    if (memory < 0)
        fail(path);
    while (fgets(line, sizeof(line), maps))
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " r", &begin, &end) == 2 && !strstr(line, "[v"))
            look_at_mapping(memory, begin, end);
    close(memory);
    fclose(maps);
}

static void print_found(void)
{
    const char *between = "";

    for (size_t i = 0; i < count; i++) {
        if (!secrets[i].found)
            continue;
        printf("%s%s", between, secrets[i].name);
        between = " ";
    }
    putchar('\n');
}

static void start(char **argv)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null < 0 || dup2(null, 1) < 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
        fail("starting");
    raise(SIGSTOP);
    execv(argv[0], argv);
    fprintf(stderr, "memscan: %s: %s\n", argv[0], strerror(errno));
    _exit(125);
}

/* The signal to continue with after STATUS: those of tracing itself are not the program's. */
static int signal_of(int status)
{
    int signal = WSTOPSIG(status);

    return signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
}

static int look_at_end(char **argv)
{
    pid_t child = fork();
    int status = 0;

    if (child < 0)
        fail("fork");
    if (child == 0)
        start(argv);
    if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) < 0)
        fail("tracing");
    for (;;) {
        if (ptrace(PTRACE_CONT, child, NULL, signal_of(status)) < 0 ||
            waitpid(child, &status, 0) < 0)
            fail("tracing");
        if (!WIFSTOPPED(status))
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
            look_at_process(child);
    }
}

int main(int argc, char **argv)
{
    int code = 0;

    if (argc < 3) {
        fprintf(stderr, "memscan FILE PID, memscan FILE PROGRAM [ARGUMENT...]\n");
        return 125;
    }
    read_secrets(argv[1]);
    if (isdigit((unsigned char)argv[2][0]))
        look_at_process(atoi(argv[2]));
    else
        code = look_at_end(argv + 2);
    print_found();
    return fflush(stdout) == 0 ? code : 125;
}
