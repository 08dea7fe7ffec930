/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/program.h"
#include "tests/fixtures/tree.h"

static char dir[64];
static struct li_error err;
static struct li_buffer out, notices;

static int set_up(void **state)
{
    (void)state;
    tree_make(dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tree_remove(dir);
    li_buffer_wipe_free(&out);
    li_buffer_free(&notices);
    return 0;
}

static void note(void *arg, const char *text)
{
    struct li_error ignored = LI_ERROR_INIT;

    (void)li_buffer_append(arg, text, strlen(text), &ignored);
    (void)li_buffer_append(arg, "|", 1, &ignored);
}

static int run_with(const char *script, const struct li_program *how)
{
    char sh[] = "/bin/sh", c[] = "-c", *copy = strdup(script);
    char *words[] = {sh, c, copy, NULL};
    struct li_program program = *how;
    int rc;

    assert_non_null(copy);
    program.words = words;
    rc = li_program_run(&program, &out, &err);
    free(copy);
    return rc;
}

static int run(const char *script)
{
    return run_with(script, &(const struct li_program){.notice = note, .notice_arg = &notices});
}

static void assert_printed(const struct li_buffer *text, const char *want)
{
    if (text->len != strlen(want) || (text->len && memcmp(text->data, want, text->len) != 0))
        fail_msg("\"%.*s\", not \"%s\"", (int)text->len, (const char *)text->data, want);
}

static void gives_input_and_takes_output(void **state)
{
    char *input = malloc(200000);
    const struct li_program how = {.input = input, .input_len = 200000};

    (void)state;
    assert_non_null(input);
    memset(input, 'x', 200000);
    assert_done(run_with("wc -c | tr -d ' '", &how), &err);
    assert_printed(&out, "200000\n");
    assert_done(run_with("exec <&-; echo not read", &how), &err);
    assert_printed(&out, "not read\n");
    assert_done(run_with("head -c 3; echo", &how), &err);
    assert_printed(&out, "xxx\n");
    assert_done(run("cat; echo none"), &err);
    assert_printed(&out, "none\n");
    free(input);
}

static void says_how_it_ended(void **state)
{
    (void)state;
    assert_fails(run("echo first >&2; echo last >&2; exit 3"), LI_EDENIED,
                 "the program ended with exit status 3: last", &err);
    assert_printed(&notices, "first|");
    notices.len = 0;
    assert_fails(run("exit 75"), LI_ENETWORK, "the program ended with exit status 75", &err);
    assert_fails(run("kill -9 $$"), LI_EIO, "the program was ended by signal 9", &err);
    assert_printed(&notices, "");
    assert_done(run("printf 'one\\n\\n\\033[2Jtwo' >&2"), &err);
    assert_printed(&notices, "one|?[2Jtwo|");
    assert_done(run_with("echo unheard >&2", &(const struct li_program){.seconds = 0}), &err);
}

static void output_is_limited(void **state)
{
    (void)state;
    assert_done(run("head -c 65536 /dev/zero"), &err);
    assert_int_equal(out.len, LI_PROGRAM_OUTPUT_MAX);
    assert_fails(run("head -c 65537 /dev/zero"), LI_ELIMIT, "more than 65536 bytes", &err);
    assert_fails(run("cat /dev/zero >&2"), LI_ELIMIT, "more than 65536 bytes", &err);
}

/* The process PID ends before a minute is over. An orphan may stay as a zombie for as long as
 * nobody waits for it. */
static void assert_ends(int pid)
{
    uint64_t end = unit_milliseconds() + 60000;
    char path[64], state = 'R';

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    for (FILE *file; state != 'Z' && (file = fopen(path, "r"));) {
        if (fscanf(file, "%*d %*s %c", &state) != 1)
            state = 'Z';
        fclose(file);
        assert_true(unit_milliseconds() < end);
        usleep(10000);
    }
}

static void time_is_limited_for_all_of_a_group(void **state)
{
    struct li_program how = {.seconds = 1, .own_group = true};
    char script[200], *path = tree_path(dir, "pid");
    FILE *file;
    int pid = 0;

    (void)state;
    snprintf(script, sizeof(script), "sleep 1000 & echo $! >%s; wait", path);
    assert_fails(run_with(script, &how), LI_ENETWORK, "did not end within 1 second", &err);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    free(path);
    assert_ends(pid);
    /* Without a limit nothing is killed. */
    how.seconds = 0;
    assert_done(run_with("sleep 1; echo slow", &how), &err);
    assert_printed(&out, "slow\n");
}

static void what_it_leaves_behind_is_not_waited_for(void **state)
{
    uint64_t begin = unit_milliseconds();
    int pid = 0;

    (void)state;
    assert_done(run("sleep 1000 & echo $!"), &err);
    assert_true(unit_milliseconds() - begin < 500000);
    assert_int_equal(sscanf((const char *)out.data, "%d", &pid), 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_ends(pid);
}

static void gets_no_descriptors(void **state)
{
    int fd = open("/dev/null", O_RDONLY);

    (void)state;
    assert_true(fd > 2);
    assert_int_equal(dup2(fd, 7), 7);
    assert_done(run("for fd in 3 4 5 6 7 8 9; do (eval \": <&$fd\") 2>/dev/null && echo $fd; done; "
                    "true"),
                &err);
    assert_printed(&out, "");
    assert_int_equal(system("eval ': <&7'"), 0);
    close(7);
    close(fd);
}

static void environment_and_directory(void **state)
{
    static const char *const without[] = {"SECRET_OF_UNIT", NULL};
    struct li_program how = {.without = without, .directory = dir};
    char want[128];

    (void)state;
    setenv("SECRET_OF_UNIT", "hidden", 1);
    setenv("SECRET_OF_UNIT_TOO", "seen", 1);
    assert_done(run_with("echo \"$SECRET_OF_UNIT,$SECRET_OF_UNIT_TOO\"; pwd -P", &how), &err);
    snprintf(want, sizeof(want), ",seen\n%s\n", dir);
    assert_printed(&out, want);
    how.without = NULL;
    how.directory = "/nowhere";
    assert_done(run_with("echo \"$SECRET_OF_UNIT\"", &how), &err);
    assert_printed(&out, "hidden\n");
}

static void that_cannot_run(void **state)
{
    char absent[] = "/nowhere/program", text[] = "/etc/passwd";
    char *words[] = {absent, NULL};
    struct li_program program = {.words = words};

    (void)state;
    assert_fails(li_program_run(&program, &out, &err), LI_ENOTFOUND, "cannot run /nowhere/program",
                 &err);
    words[0] = text;
    assert_fails(li_program_run(&program, &out, &err), LI_EDENIED, "cannot run /etc/passwd", &err);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_input_and_takes_output, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_how_it_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(output_is_limited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(time_is_limited_for_all_of_a_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_it_leaves_behind_is_not_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gets_no_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(environment_and_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(that_cannot_run, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
