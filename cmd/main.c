/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/secret.h"
#include "cmd/common/command.h"
#include "image/image.h"
#include "kms/kms.h"

const struct command *const commands[] = {
    &command_init,   &command_convert, &command_push,    &command_pull,   &command_mount,
    &command_umount, &command_ls,      &command_inspect, &command_verify, &command_diff,
    &command_report, &command_rm,      &command_key,     &command_cache,  NULL,
};

const struct option_row common_options[] = {
    {"repo", 0, "REPO",
     "the repository, dir:PATH or s3://BUCKET/PREFIX, optionally with #ID (environment: "
     "LAMBDAIMG_REPO)"},
    {"accept-new-repository", 0, NULL,
     "use the repository even if another was at its address before"},
    {"endpoint", 0, "URL", "the URL of the S3 server (environment: AWS_ENDPOINT_URL_S3)"},
    {"kms-endpoint", 0, "URL", "the URL of AWS KMS (environment: AWS_ENDPOINT_URL_KMS)"},
    {"region", 0, "REGION", "the region of the bucket (environment: AWS_REGION)"},
    {"profile", 0, "NAME", "the AWS profile (environment: AWS_PROFILE)"},
    {"path-style", 0, NULL, "name the bucket in the path of the URL, not in its host"},
    {"no-sign-request", 0, NULL, "send requests to S3 without credentials, for public buckets"},
    {"stall", 0, "SECONDS", "retry a request without progress for this long (default: 20)"},
    {"timeout", 0, "SECONDS", "give up after this long without progress (default: 60)"},
    {"kms", 0, "KMS", "a key, " LI_KMS_FORMS "; may be repeated (environment: LAMBDAIMG_KMS)"},
    {"confine", 0, "WHEN",
     "what parses gets only what it needs: auto (default), require or no (environment: "
     "LAMBDAIMG_CONFINE)"},
    {"threads", 0, "N", "number of worker threads (default: one for each processor)"},
    {"help", 'h', NULL, "show this help"},
    {NULL, 0, NULL, NULL},
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int finish_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "lambdaimg: cannot write to standard output\n");
    return code == EXIT_DONE ? EXIT_FAILED : code;
}

int tell(const struct li_error *err)
{
    fflush(stdout);
    fprintf(stderr, "lambdaimg: %s\n", err->text);
    return err->code == CMD_EUSAGE ? EXIT_USAGE : EXIT_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct li_error err = LI_ERROR_INIT;
    struct arguments args;
    int code = parse_arguments(command, argc, argv, &args, &err);

    if (code == 0)
        code = command->run(&args, &err);
    else if (code == LI_END)
        code = EXIT_DONE;
    return code < 0 ? tell(&err) : finish_output(code);
}

/* If the caller closed one of the three standard files, the next file that is opened would get its
 * number, and with it everything that is printed. The replacement can be neither read nor written.
 */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(EXIT_FAILED);
}

/* Freed buffers of a chunk's size go back to the system. Otherwise glibc would soon take them from
 * an arena of each thread, which keeps the most it ever had: a push of 4 GB would use 48 MiB
 * instead of 29. */
static void return_large_buffers(void)
{
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

/* If the caller ignores the exits of its children, so would we, and we would never learn how a
 * credential_process, or the child that mounts, ended. */
static void see_children_end(void)
{
    signal(SIGCHLD, SIG_DFL);
}

/* A file that exceeds the shell's size limit is a failed write, with a message and a cleanup. It
 * must not kill the process. */
static void survive_file_limit(void)
{
    signal(SIGXFSZ, SIG_IGN);
}

/* A compressed layer has an open spool file, and a layer in a directory has its own open file. So
 * an image with many layers needs more files than the usual first limit of 1,024. */
static void allow_open_files(void)
{
    const rlim_t wanted = 2 * LI_IMAGE_MAX_LAYERS + 1024;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= wanted)
        return;
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

/* Keys, and the contents of images, are in memory: nothing dumps it to a disk, and other processes
 * of the same user cannot read it. A core that goes to a program ignores the limit, but not the
 * first setting, which in turn does not count for the programs that we start. A developer starts
 * the program under a debugger instead of attaching one. */
static void hide_memory(void)
{
    const struct rlimit none = {0, 0};

    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
}

/* An image's config often has secrets in its environment, and answers of AWS have credentials. */
static void wipe_json(void)
{
    json_set_alloc_funcs(malloc, li_wipe_free);
}

int main(int argc, char **argv)
{
    struct li_error err = LI_ERROR_INIT;
    const struct command *command;

    hide_memory();
    wipe_json();
    hold_standard_descriptors();
    see_children_end();
    survive_file_limit();
    allow_open_files();
    return_large_buffers();
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return finish_output(EXIT_DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("lambdaimg %s\n", LI_VERSION);
        return finish_output(EXIT_DONE);
    }
    if (strcmp(argv[1], "--table") == 0) {
        print_table(stdout);
        return finish_output(EXIT_DONE);
    }
    command = find_command(argv[1]);
    if (!command) {
        li_fail(&err, CMD_EUSAGE, "there is no command \"%.100s\"; lambdaimg --help lists them",
                argv[1]);
        return tell(&err);
    }
    return run(command, argc - 1, argv + 1);
}
