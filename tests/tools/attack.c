/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attack.so: what somebody would try who got to run code in a parser. For LD_PRELOAD: at the first
 * call of the function that ATTACK_AT names, each attempt below is made once, and what became of it
 * is written to the descriptor ATTACK_FD: a line with its name, and "done" or the reason why not.
 * The program itself goes on. ATTACK_FILE is a file that the user may read, ATTACK_DIR a directory
 * that the user may write to, ATTACK_PID a process of the user, ATTACK_PORT a port of loopback that
 * somebody listens at.
 *
 * ATTACK_OWN is a file of the user's that no command works on, and ATTACK_SECRET a variable of the
 * environment with a secret. ATTACK_ABI is the version of Landlock that the program is to believe
 * in, if the kernel has a later one.
 *
 * JSON is meant if it has the text ATTACK_TEXT: a file that the program keeps itself may be JSON,
 * too.
 *
 * The last child of the process is attacked, too, if it has one: it is the broker.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

static pid_t child;        /* the last one; 0: none */
static const char *secret; /* where the system put it */

static const char *setting(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

__attribute__((constructor)) static void find_secret(void)
{
    secret = getenv(setting("ATTACK_SECRET"));
}

/* The attempts return 0, or -1 with errno. */

static int open_for(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static int read_file(void)
{
    return open_for("/etc/passwd", O_RDONLY);
}

static int read_key(void)
{
    return open_for(setting("ATTACK_FILE"), O_RDONLY);
}

static int write_file(void)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/attacked", setting("ATTACK_DIR"));
    return open_for(path, O_WRONLY | O_CREAT);
}

static int list_directory(void)
{
    return open_for("/", O_RDONLY | O_DIRECTORY);
}

static int run_program(void)
{
    char name[] = "true", *argv[] = {name, NULL};
    int status = -1;
    pid_t pid;
    int sys = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, argv + 1);

    if (sys == 0 && waitpid(pid, &status, 0) == pid && status == 0)
        return 0;
    errno = sys ? sys : ECHILD;
    return -1;
}

/* The program that fails leaves this process as it is. */
static int replace_program(void)
{
    char *const argv[] = {NULL};

    execve("/nowhere/true", argv, argv);
    return errno == ENOENT ? 0 : -1;
}

static int start_process(void)
{
    pid_t pid = vfork();

    if (pid == 0)
        _exit(0);
    return pid < 0 || waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

static int connect_to_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(setting("ATTACK_PORT"))),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0)
        return -1;
    rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
    close(fd);
    return rc;
}

static int make_datagram_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return fd < 0 ? -1 : close(fd);
}

static int make_local_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 ? -1 : close(fd);
}

static pid_t other(void)
{
    return (pid_t)atoi(setting("ATTACK_PID"));
}

static int trace(void)
{
    return ptrace(PTRACE_SEIZE, other(), NULL, NULL) < 0 ? -1 : 0;
}

static int signal_process(void)
{
    return kill(other(), 0);
}

static int open_memory_of(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    return open_for(path, O_RDONLY);
}

static int open_memory(void)
{
    return open_memory_of(other());
}

static int read_memory_of(pid_t pid)
{
    char byte;
    struct iovec to = {&byte, 1}, from = {&child, 1};

    /* Where nothing is mapped there, the answer is that it may be read. */
    return process_vm_readv(pid, &to, 1, &from, 1, 0) < 0 && errno != EFAULT ? -1 : 0;
}

static int read_memory(void)
{
    return read_memory_of(other());
}

static int open_broker_memory(void)
{
    return open_memory_of(child);
}

static int read_broker_memory(void)
{
    return read_memory_of(child);
}

static int signal_broker(void)
{
    return kill(child, 0);
}

static int trace_broker(void)
{
    return ptrace(PTRACE_SEIZE, child, NULL, NULL) < 0 ? -1 : 0;
}

static int map_code(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? -1 : munmap(at, 4096);
}

static int make_code(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int rc = at == MAP_FAILED ? -1 : mprotect(at, 4096, PROT_READ | PROT_EXEC);

    if (at != MAP_FAILED)
        munmap(at, 4096);
    return rc;
}

/* An open that asks for nothing. */
static int change_permissions(void)
{
    int fd = open(setting("ATTACK_OWN"), O_ACCMODE | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fchmod(fd, 0666);

    if (fd >= 0)
        close(fd);
    return rc;
}

static int empty_file(void)
{
    return open_for(setting("ATTACK_OWN"), O_RDONLY | O_TRUNC);
}

static int empty_file_unread(void)
{
    return open_for(setting("ATTACK_OWN"), O_ACCMODE | O_TRUNC);
}

static int change_times(void)
{
    static const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

    return utimensat(AT_FDCWD, setting("ATTACK_OWN"), times, 0);
}

/* The signal does nothing. */
static int signal_by_pipe(void)
{
    int fds[2];
    int rc;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    rc = fcntl(fds[0], F_SETOWN, other());
    if (rc == 0)
        rc = fcntl(fds[0], F_SETSIG, SIGURG);
    if (rc == 0)
        rc = fcntl(fds[0], F_SETFL, O_ASYNC);
    if (rc == 0 && write(fds[1], "!", 1) != 1)
        rc = -1;
    close(fds[0]);
    close(fds[1]);
    return rc;
}

static int read_secret(void)
{
    errno = EPERM;
    return secret && *secret ? 0 : -1;
}

static int leave_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}

enum { ALWAYS, WITH_BROKER };

static const struct {
    const char *name;
    int (*attempt)(void);
    int when;
} attempts[] = {
    {"read-file", read_file, ALWAYS},
    {"read-key", read_key, ALWAYS},
    {"write-file", write_file, ALWAYS},
    {"list-directory", list_directory, ALWAYS},
    {"run-program", run_program, ALWAYS},
    {"replace-program", replace_program, ALWAYS},
    {"start-process", start_process, ALWAYS},
    {"connect", connect_to_loopback, ALWAYS},
    {"datagram-socket", make_datagram_socket, ALWAYS},
    {"local-socket", make_local_socket, ALWAYS},
    {"trace", trace, ALWAYS},
    {"signal", signal_process, ALWAYS},
    {"open-memory", open_memory, ALWAYS},
    {"read-memory", read_memory, ALWAYS},
    {"map-code", map_code, ALWAYS},
    {"make-code", make_code, ALWAYS},
    {"change-permissions", change_permissions, ALWAYS},
    {"change-times", change_times, ALWAYS},
    {"empty-file", empty_file, ALWAYS},
    {"empty-file-unread", empty_file_unread, ALWAYS},
    {"signal-by-pipe", signal_by_pipe, ALWAYS},
    {"read-secret", read_secret, ALWAYS},
    {"open-broker-memory", open_broker_memory, WITH_BROKER},
    {"read-broker-memory", read_broker_memory, WITH_BROKER},
    {"trace-broker", trace_broker, WITH_BROKER},
    {"signal-broker", signal_broker, WITH_BROKER},
    /* A process with threads cannot do this anyway, so it comes from one that has none. */
    {"leave-namespace", leave_namespace, ALWAYS},
};

static void attack(const char *at)
{
    static atomic_flag begun = ATOMIC_FLAG_INIT;
    const char *fd = setting("ATTACK_FD");

    if (!*fd || strcmp(at, setting("ATTACK_AT")) != 0 || atomic_flag_test_and_set(&begun))
        return;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        if (attempts[i].when == WITH_BROKER && child == 0)
            continue;
        errno = 0;
        if (attempts[i].attempt() == 0)
            dprintf(atoi(fd), "%s done\n", attempts[i].name);
        else
            dprintf(atoi(fd), "%s %s\n", attempts[i].name, strerrorname_np(errno));
    }
}

/* The function that would have been called. */
static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found)
        abort();
    return found;
}

/* The program asks for Landlock's version by this, with no rules. */
long syscall(long number, ...)
{
    long (*real)(long, ...) = (long (*)(long, ...))next("syscall");
    long argument[6], result;
    va_list arguments;

    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(arguments, long);
    va_end(arguments);
    result =
        real(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
    if (number == SYS_landlock_create_ruleset && argument[0] == 0 && *setting("ATTACK_ABI") &&
        result > atoi(setting("ATTACK_ABI")))
        result = atoi(setting("ATTACK_ABI"));
    return result;
}

/* The parent remembers its child; the child has none. */
pid_t fork(void)
{
    pid_t (*real)(void) = (pid_t(*)(void))next("fork");
    pid_t pid = real();

    if (pid >= 0)
        child = pid;
    return pid;
}

size_t ZSTD_decompressDCtx(ZSTD_DCtx *context, void *to, size_t room, const void *from, size_t len)
{
    size_t (*real)(ZSTD_DCtx *, void *, size_t, const void *, size_t) =
        (size_t(*)(ZSTD_DCtx *, void *, size_t, const void *, size_t))next("ZSTD_decompressDCtx");

    attack("chunk");
    return real(context, to, room, from, len);
}

size_t ZSTD_decompressStream(ZSTD_DStream *stream, ZSTD_outBuffer *out, ZSTD_inBuffer *in)
{
    size_t (*real)(ZSTD_DStream *, ZSTD_outBuffer *, ZSTD_inBuffer *) =
        (size_t(*)(ZSTD_DStream *, ZSTD_outBuffer *, ZSTD_inBuffer *))next("ZSTD_decompressStream");

    attack("layer");
    return real(stream, out, in);
}

json_t *json_loadb(const char *text, size_t len, size_t flags, json_error_t *error)
{
    json_t *(*real)(const char *, size_t, size_t, json_error_t *) =
        (json_t * (*)(const char *, size_t, size_t, json_error_t *)) next("json_loadb");

    if (memmem(text, len, setting("ATTACK_TEXT"), strlen(setting("ATTACK_TEXT"))))
        attack("json");
    return real(text, len, flags, error);
}
